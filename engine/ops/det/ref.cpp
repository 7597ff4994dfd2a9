#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// By elimination with the largest pivot of each column. Destroys the matrix.
double determinant(std::vector<double>& m, std::size_t size) {
  double result = 1;
  for (std::size_t k = 0; k < size; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < size; ++i)
      if (std::abs(m[i * size + k]) > std::abs(m[pivot * size + k])) pivot = i;
    const double value = m[pivot * size + k];
    if (value == 0) return 0;
    if (pivot != k) {
      for (std::size_t j = k; j < size; ++j) std::swap(m[pivot * size + j], m[k * size + j]);
      result = -result;
    }
    result *= value;
    for (std::size_t i = k + 1; i < size; ++i) {
      const double factor = m[i * size + k] / value;
      for (std::size_t j = k; j < size; ++j) m[i * size + j] -= factor * m[k * size + j];
    }
  }
  return result;
}

}  // namespace

void det_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const auto size = static_cast<std::size_t>(in.dims.back());
  if (out.count() == 0) return;
  std::vector<double> matrix(size * size);
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>();
    for (std::int64_t n = 0; n < out.count(); ++n, x += size * size) {
      for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<double>(x[i]);
      out.as<T>()[n] = static_cast<T>(determinant(matrix, size));
    }
  });
}

}  // namespace vireo::ops
