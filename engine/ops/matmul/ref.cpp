#include "engine/ops/shared/epilogue_ref.h"
#include "engine/ops/shared/matmul_geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

template <typename T>
void run(const EvalContext& c, const MatmulGeometry& g) {
  const ReferenceEpilogue epilogue(c.attributes, true);
  const bool scaled = g.alpha != 1.0;
  const std::int64_t a_row = g.trans_a ? 1 : g.k, a_step = g.trans_a ? g.m : 1;
  const std::int64_t b_step = g.trans_b ? 1 : g.n, b_column = g.trans_b ? g.k : 1;
  const T* bias = has_input(c, 2) ? c.inputs[2].as<T>() : nullptr;
  const T* residual = has_input(c, 3) ? c.inputs[3].as<T>() : nullptr;
  T* y = c.outputs[0].as<T>();
  std::int64_t at = 0;
  walk<2>(g.batch, {broadcast_strides(g.a_batch, g.batch), broadcast_strides(g.b_batch, g.batch)},
          [&](const auto& offsets) {
            const T* a = c.inputs[0].as<T>() + offsets[0] * g.m * g.k;
            const T* b = c.inputs[1].as<T>() + offsets[1] * g.k * g.n;
            for (std::int64_t i = 0; i < g.m; ++i)
              for (std::int64_t j = 0; j < g.n; ++j, ++at) {
                Wide<T> sum = 0;
                for (std::int64_t k = 0; k < g.k; ++k)
                  sum = wrapping_add(sum, wrapping_mul(static_cast<Wide<T>>(a[i * a_row + k * a_step]),
                                                       static_cast<Wide<T>>(b[k * b_step + j * b_column])));
                if constexpr (kIsReal<T>) {
                  double value = sum * g.alpha + (bias ? static_cast<double>(bias[j]) : 0.0);
                  y[at] = static_cast<T>(epilogue(value, residual ? static_cast<double>(residual[at]) : 0.0));
                } else {
                  if (scaled) sum = static_cast<Wide<T>>(static_cast<double>(sum) * g.alpha);
                  if (bias) sum = wrapping_add(sum, static_cast<Wide<T>>(bias[j]));
                  if (residual) sum = wrapping_add(sum, static_cast<Wide<T>>(residual[at]));
                  y[at] = static_cast<T>(sum);
                }
              }
          });
}

}  // namespace

void matmul_reference(const EvalContext& c) {
  const MatmulGeometry g = matmul_geometry(c.attributes, c.inputs[0].dims, c.inputs[1].dims);
  if (c.outputs[0].count() == 0) return;
  dispatch_number(c.inputs[0].dtype, [&](auto tag) { run<typename decltype(tag)::type>(c, g); });
}

}  // namespace vireo::ops
