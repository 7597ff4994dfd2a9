#include "engine/ops/shared/matmul_geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// The numbers of 8-bit elements less their zero points, which repeat every `period` elements, each `step` times.
std::vector<std::int64_t> shifted(const View& x, const View* zero, std::int64_t step, std::int64_t period) {
  std::vector<std::int64_t> values = read_integers(x);
  if (!zero) return values;
  const std::vector<std::int64_t> zeros = read_integers(*zero);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::size_t>(static_cast<std::int64_t>(i) % period / step);
    values[i] -= zeros.size() == 1 ? zeros[0] : zeros.at(at);
  }
  return values;
}

}  // namespace

void matmul_integer_reference(const EvalContext& c) {
  const MatmulGeometry g = matmul_geometry({}, c.inputs[0].dims, c.inputs[1].dims);
  if (c.outputs[0].count() == 0) return;
  const std::vector<std::int64_t> a = shifted(c.inputs[0], has_input(c, 2) ? &c.inputs[2] : nullptr,
                                              std::max<std::int64_t>(g.k, 1), std::max<std::int64_t>(g.m * g.k, 1)),
                                  b = shifted(c.inputs[1], has_input(c, 3) ? &c.inputs[3] : nullptr, 1, g.n);
  auto* y = c.outputs[0].as<std::int32_t>();
  walk<2>(g.batch, {broadcast_strides(g.a_batch, g.batch), broadcast_strides(g.b_batch, g.batch)}, [&](const auto& at) {
    for (std::int64_t m = 0; m < g.m; ++m)
      for (std::int64_t n = 0; n < g.n; ++n) {
        std::uint64_t sum = 0;
        for (std::int64_t k = 0; k < g.k; ++k)
          sum += static_cast<std::uint64_t>(a[static_cast<std::size_t>((at[0] * g.m + m) * g.k + k)] *
                                            b[static_cast<std::size_t>((at[1] * g.k + k) * g.n + n)]);
        *y++ = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
      }
  });
}

}  // namespace vireo::ops
