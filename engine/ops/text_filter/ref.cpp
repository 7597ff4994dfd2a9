#include <unordered_set>

#include "engine/api/text.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/text_pieces.h"

namespace vireo::ops {

void text_filter_reference(const EvalContext& c) {
  const bool exact = c.attributes.integer("case_sensitive", 1) != 0;
  const auto key = [&](std::uint64_t id) { return exact ? id : text_id(with_case(text_of(id), Case::lower)); };
  const View &in = c.inputs[0], &stop = c.inputs[1];
  View& out = c.outputs[0];
  std::unordered_set<std::uint64_t> stopped;
  for (std::int64_t i = 0, n = stop.count(); i < n; ++i) stopped.insert(key(stop.as<std::uint64_t>()[i]));
  std::int64_t left = 0;
  for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
    const std::uint64_t id = in.as<std::uint64_t>()[i];
    if (!stopped.contains(key(id))) out.as<std::uint64_t>()[left++] = id;
  }
  if (left == 0) out.as<std::uint64_t>()[left++] = text_id("");
  out.dims = {left};
}

}  // namespace vireo::ops
