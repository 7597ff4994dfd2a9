#include <algorithm>

#include "engine/api/text.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/text_pieces.h"

namespace vireo::ops {

void text_count_reference(const EvalContext& c) {
  const std::string delimiter = c.attributes.text("delimiter", "");
  const std::int64_t most = c.attributes.integer("maxsplit", -1);
  std::int64_t largest = 0;
  for (std::int64_t i = 0, n = c.inputs[0].count(); i < n; ++i) {
    const auto pieces = text_pieces(text_of(c.inputs[0].as<std::uint64_t>()[i]), delimiter, most);
    const auto count = static_cast<std::int64_t>(pieces.size());
    if (has_output(c, 0)) c.outputs[0].as<std::int64_t>()[i] = count;
    largest = std::max(largest, count);
  }
  if (has_output(c, 1)) *c.outputs[1].as<std::int64_t>() = largest;
}

}  // namespace vireo::ops
