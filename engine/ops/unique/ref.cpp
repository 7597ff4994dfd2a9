#include <algorithm>

#include "engine/ops/shared/unique.h"

namespace vireo::ops {

void unique_reference(const EvalContext& c) {
  const UniqueEntries entries = unique_entries(c.attributes, c.inputs[0]);
  View& out = c.outputs[0];
  std::copy(entries.first.begin(), entries.first.end(), out.as<std::int64_t>());
  out.dims = {static_cast<std::int64_t>(entries.first.size())};
}

}  // namespace vireo::ops
