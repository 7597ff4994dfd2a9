#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void mean_variance_normalize_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  std::vector<bool> reduced(in.dims.size(), false);
  for (std::int64_t axis : c.attributes.integers("axes", {0, 2, 3})) reduced[wrap_axis(axis, in.dims.size())] = true;
  const Dims strides = strides_of(in.dims);
  Dims outer, outer_strides, inner, inner_strides;
  for (std::size_t i = 0; i < in.dims.size(); ++i) {
    (reduced[i] ? inner : outer).push_back(in.dims[i]);
    (reduced[i] ? inner_strides : outer_strides).push_back(strides[i]);
  }
  if (in.count() == 0) return;
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    walk<1>(outer, {outer_strides}, [&](const auto& base) {
      const T* x = in.as<T>() + base[0];
      T* y = out.as<T>() + base[0];
      const auto count = static_cast<double>(product_from(inner, 0));
      double mean = 0, var = 0;
      walk<1>(inner, {inner_strides}, [&](const auto& at) { mean += static_cast<double>(x[at[0]]); });
      mean /= count;
      walk<1>(inner, {inner_strides}, [&](const auto& at) {
        var += (static_cast<double>(x[at[0]]) - mean) * (static_cast<double>(x[at[0]]) - mean);
      });
      const double deviation = std::sqrt(var / count) + 1e-9;
      walk<1>(inner, {inner_strides},
              [&](const auto& at) { y[at[0]] = static_cast<T>((static_cast<double>(x[at[0]]) - mean) / deviation); });
    });
  });
}

}  // namespace vireo::ops
