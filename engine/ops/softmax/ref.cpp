#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// One row of n values, in place.
void row_softmax(std::vector<double>& row, const std::string& mode) {
  const auto top = std::max_element(row.begin(), row.end());
  const double max = *top;
  if (mode == "hardmax") {
    const auto at = static_cast<std::size_t>(top - row.begin());
    std::fill(row.begin(), row.end(), 0.0);
    row[at] = 1;
    return;
  }
  double sum = 0;
  for (double v : row) sum += std::exp(v - max);
  for (double& v : row) v = mode == "softmax" ? std::exp(v - max) / sum : v - max - std::log(sum);
}

}  // namespace

void softmax_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::string mode = c.attributes.text("mode", "softmax");
  const bool scalar = in.dims.empty();
  const std::size_t axis = scalar ? 0 : wrap_axis(c.attributes.integer("axis", -1), in.dims.size());
  const std::int64_t extent = scalar ? 1 : in.dims[axis];
  const std::int64_t outer = scalar ? 1 : product(in.dims, 0, axis),
                     inner = scalar ? 1 : product_from(in.dims, axis + 1);
  if (in.count() == 0) return;
  std::vector<double> row(static_cast<std::size_t>(extent));
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        const std::int64_t base = o * extent * inner + i;
        for (std::size_t k = 0; k < row.size(); ++k)
          row[k] = static_cast<double>(in.as<T>()[base + static_cast<std::int64_t>(k) * inner]);
        row_softmax(row, mode);
        for (std::size_t k = 0; k < row.size(); ++k)
          out.as<T>()[base + static_cast<std::int64_t>(k) * inner] = static_cast<T>(row[k]);
      }
  });
}

}  // namespace vireo::ops
