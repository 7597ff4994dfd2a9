#include "engine/ops/shared/epilogue_ref.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

template <typename T>
void run(const EvalContext& c) {
  const ReferenceEpilogue epilogue(c.attributes, true);
  const bool ta = c.attributes.integer("transA", 0) != 0, tb = c.attributes.integer("transB", 0) != 0;
  const double alpha = c.attributes.real("alpha", 1.0), beta = c.attributes.real("beta", 1.0);
  const Dims& out = c.outputs[0].dims;
  const std::int64_t m = out[0], n = out[1], k = c.inputs[0].dims[ta ? 0 : 1];
  const T* a = c.inputs[0].as<T>();
  const T* b = c.inputs[1].as<T>();
  const T* addend = has_input(c, 2) ? c.inputs[2].as<T>() : nullptr;
  const T* residual = has_input(c, 3) ? c.inputs[3].as<T>() : nullptr;
  const Dims steps = addend ? broadcast_strides(c.inputs[2].dims, out) : Dims{0, 0};
  T* y = c.outputs[0].as<T>();
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      Wide<T> sum = 0;
      for (std::int64_t l = 0; l < k; ++l)
        sum = wrapping_add(sum, wrapping_mul(static_cast<Wide<T>>(a[ta ? l * m + i : i * k + l]),
                                             static_cast<Wide<T>>(b[tb ? j * k + l : l * n + j])));
      double extra = addend ? static_cast<double>(addend[i * steps[0] + j * steps[1]]) : 0.0;
      if constexpr (kIsReal<T>) {
        const double r = residual ? static_cast<double>(residual[i * n + j]) : 0.0;
        y[i * n + j] = static_cast<T>(epilogue(sum * alpha + extra * beta, r));
      } else {
        if (alpha != 1.0) sum = static_cast<Wide<T>>(static_cast<double>(sum) * alpha);
        if (addend)
          sum = wrapping_add(sum, beta == 1.0 ? static_cast<Wide<T>>(addend[i * steps[0] + j * steps[1]])
                                              : static_cast<Wide<T>>(extra * beta));
        if (residual) sum = wrapping_add(sum, static_cast<Wide<T>>(residual[i * n + j]));
        y[i * n + j] = static_cast<T>(sum);
      }
    }
}

}  // namespace

void gemm_reference(const EvalContext& c) {
  if (c.outputs[0].count() == 0) return;
  dispatch_number(c.inputs[0].dtype, [&](auto tag) { run<typename decltype(tag)::type>(c); });
}

}  // namespace vireo::ops
