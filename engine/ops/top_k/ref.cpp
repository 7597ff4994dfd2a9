#include <algorithm>
#include <numeric>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// NaN is larger than every number.
template <class T>
bool larger(const T& a, const T& b) {
  return a > b || (a != a && b == b);
}

}  // namespace

void top_k_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", -1), in.dims.size());
  const bool largest = c.attributes.integer("largest", 1) != 0;
  const std::int64_t extent = in.dims[axis],
                     k = (out.present() || c.outputs.size() < 2 ? out : c.outputs[1]).dims[axis];
  const std::int64_t outer = product(in.dims, 0, axis), inner = product_from(in.dims, axis + 1);
  if (in.count() == 0 || k == 0) return;
  std::vector<std::int64_t> order(static_cast<std::size_t>(extent));
  dispatch_number(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        const T* x = in.as<T>() + o * extent * inner + i;
        std::iota(order.begin(), order.end(), std::int64_t{0});
        std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](std::int64_t p, std::int64_t q) {
          const T &a = x[(largest ? p : q) * inner], &b = x[(largest ? q : p) * inner];  // a before b: a is larger
          if (larger(a, b)) return true;
          return !larger(b, a) && p < q;
        });
        for (std::int64_t n = 0; n < k; ++n) {
          const std::int64_t at = (o * k + n) * inner + i, from = order[static_cast<std::size_t>(n)];
          if (out.present()) out.as<T>()[at] = x[from * inner];
          if (has_output(c, 1)) c.outputs[1].as<std::int64_t>()[at] = from;
        }
      }
  });
}

}  // namespace vireo::ops
