#include "engine/base/text.h"
#include "engine/ops/label_encoder/table.h"

namespace vireo::ops {

void label_encoder_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &values = c.inputs[2], &out = c.outputs[0];
  const LabelTable table = label_table(c.inputs[1]);
  const std::size_t size = size_of(out.dtype);
  dispatch_label(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
      const auto found = table.find(label_bits(in.as<T>()[i]));
      if (found == table.end() && !has_input(c, 3))
        base::fail(ErrorCode::invalid_argument, "element ", i, " has no key, and there is no value for such elements");
      const std::byte* from = found == table.end()
                                  ? c.inputs[3].as<std::byte>()
                                  : values.as<std::byte>() + static_cast<std::size_t>(found->second) * size;
      std::memcpy(out.as<std::byte>() + static_cast<std::size_t>(i) * size, from, size);
    }
  });
}

}  // namespace vireo::ops
