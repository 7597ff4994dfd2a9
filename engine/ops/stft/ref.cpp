#include "engine/ops/stft/stft.h"

namespace vireo::ops {

void stft_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::int64_t step = read_integers(c.inputs[1]).at(0), length = in.dims[1], components = in.dims[2];
  const std::vector<double> window = has_input(c, 2) ? to_doubles(c.inputs[2]) : std::vector<double>{};
  const std::int64_t frame = has_input(c, 2)   ? static_cast<std::int64_t>(window.size())
                             : has_input(c, 3) ? read_integers(c.inputs[3]).at(0)
                                               : length;
  const std::int64_t frames = out.dims[1], bins = out.dims[2];
  if (out.count() == 0) return;
  std::vector<double> x(static_cast<std::size_t>(2 * frame)), y(static_cast<std::size_t>(2 * bins));
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = out.as<T>();
    for (std::int64_t n = 0; n < out.dims[0]; ++n)
      for (std::int64_t f = 0; f < frames; ++f) {
        const T* from = in.as<T>() + (n * length + f * step) * components;
        for (std::int64_t k = 0; k < frame; ++k) {
          const double factor = window.empty() ? 1 : window[static_cast<std::size_t>(k)];
          x[static_cast<std::size_t>(2 * k)] = static_cast<double>(from[k * components]) * factor;
          x[static_cast<std::size_t>(2 * k + 1)] =
              components == 2 ? static_cast<double>(from[k * components + 1]) * factor : 0;
        }
        fourier_reference(x, frame, false, y);
        for (const double value : y) *to++ = static_cast<T>(value);
      }
  });
}

}  // namespace vireo::ops
