#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// `a`, n x n, becomes its inverse.
void invert(std::vector<double>& a, std::size_t n) {
  std::vector<double> b(n * n);
  for (std::size_t i = 0; i < n; ++i) b[i * n + i] = 1;
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t r = column + 1; r < n; ++r)
      if (std::abs(a[r * n + column]) > std::abs(a[pivot * n + column])) pivot = r;
    for (std::size_t j = 0; j < n; ++j) {
      std::swap(a[pivot * n + j], a[column * n + j]);
      std::swap(b[pivot * n + j], b[column * n + j]);
    }
    const double factor = 1 / a[column * n + column];
    for (std::size_t j = 0; j < n; ++j) a[column * n + j] *= factor, b[column * n + j] *= factor;
    for (std::size_t r = 0; r < n; ++r) {
      const double times = a[r * n + column];
      if (r == column || times == 0) continue;
      for (std::size_t j = 0; j < n; ++j) {
        a[r * n + j] -= times * a[column * n + j];
        b[r * n + j] -= times * b[column * n + j];
      }
    }
  }
  a.swap(b);
}

}  // namespace

void inverse_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  if (in.count() == 0) return;
  const auto n = static_cast<std::size_t>(in.dims.back());
  const std::vector<double> all = to_doubles(in);
  std::vector<double> results;
  results.reserve(all.size());
  for (auto at = all.begin(); at != all.end(); at += static_cast<std::ptrdiff_t>(n * n)) {
    std::vector<double> matrix(at, at + static_cast<std::ptrdiff_t>(n * n));
    invert(matrix, n);
    results.insert(results.end(), matrix.begin(), matrix.end());
  }
  from_doubles(results, c.outputs[0]);
}

}  // namespace vireo::ops
