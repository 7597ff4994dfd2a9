#include "engine/ops/rotary_embedding/geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void rotary_embedding_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool positions = has_input(c, 3);
  const RotaryGeometry g =
      rotary_geometry(c.attributes, in.dims, c.inputs[1].dims, positions ? &c.inputs[3].dims : nullptr);
  if (in.count() == 0) return;
  const std::vector<std::int64_t> given = positions ? read_integers(c.inputs[3]) : std::vector<std::int64_t>{};
  const std::int64_t pitch = in.dims.back(), half = g.half(), apart = g.interleaved ? 1 : half,
                     step = g.interleaved ? 2 : 1;
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    walk_index({g.batch, g.entries, g.heads}, [&](const Dims& at) {
      const std::int64_t row = g.row(given.data(), at[0], at[1]);
      if (row < 0) throw Error(ErrorCode::invalid_argument, kRotaryFault);
      const std::int64_t start = g.at(at[0], at[2], at[1], pitch);
      const T *x = in.as<T>() + start, *cos = c.inputs[1].as<T>() + row * half, *sin = c.inputs[2].as<T>() + row * half;
      T* y = out.as<T>() + start;
      for (std::int64_t i = 0; i < half; ++i) {
        const auto a = static_cast<double>(x[i * step]), b = static_cast<double>(x[i * step + apart]),
                   u = static_cast<double>(cos[i]), v = static_cast<double>(sin[i]);
        y[i * step] = static_cast<T>(a * u - b * v);
        y[i * step + apart] = static_cast<T>(a * v + b * u);
      }
      for (std::int64_t i = g.turned; i < g.depth; ++i) y[i] = x[i];
    });
  });
}

}  // namespace vireo::ops
