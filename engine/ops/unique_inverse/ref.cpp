#include <algorithm>

#include "engine/ops/shared/unique.h"

namespace vireo::ops {

void unique_inverse_reference(const EvalContext& c) {
  const UniqueEntries entries = unique_entries(c.attributes, c.inputs[0]);
  std::copy(entries.kind.begin(), entries.kind.end(), c.outputs[0].as<std::int64_t>());
}

}  // namespace vireo::ops
