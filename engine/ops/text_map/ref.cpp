#include "engine/api/text.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/text_pieces.h"

namespace vireo::ops {

void text_map_reference(const EvalContext& c) {
  const Case to = c.attributes.text("function", "") == "upper" ? Case::upper : Case::lower;
  const auto* x = c.inputs[0].as<std::uint64_t>();
  auto* y = c.outputs[0].as<std::uint64_t>();
  for (std::int64_t i = 0, n = c.inputs[0].count(); i < n; ++i) y[i] = text_id(with_case(text_of(x[i]), to));
}

}  // namespace vireo::ops
