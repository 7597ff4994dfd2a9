#include "engine/api/text.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void text_concat_reference(const EvalContext& c) {
  const Dims& dims = c.outputs[0].dims;
  const std::array<Dims, 2> strides{broadcast_strides(c.inputs[0].dims, dims),
                                    broadcast_strides(c.inputs[1].dims, dims)};
  const auto *x = c.inputs[0].as<std::uint64_t>(), *y = c.inputs[1].as<std::uint64_t>();
  auto* out = c.outputs[0].as<std::uint64_t>();
  std::string text;
  walk<2>(dims, strides, [&](const auto& at) {
    text = text_of(x[at[0]]);
    text += text_of(y[at[1]]);
    *out++ = text_id(text);
  });
}

}  // namespace vireo::ops
