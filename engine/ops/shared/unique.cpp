#include "engine/ops/shared/unique.h"

#include <algorithm>
#include <numeric>

namespace vireo::ops {
namespace {

/// Less than 0, 0 or more than 0.
template <typename T>
int compare_elements(T a, T b) {
  if constexpr (kIsReal<T>) {
    const auto x = static_cast<double>(a), y = static_cast<double>(b);
    if (x != x || y != y) return (x != x ? 1 : 0) - (y != y ? 1 : 0);
    return x < y ? -1 : x > y ? 1 : 0;
  } else {
    return a < b ? -1 : b < a ? 1 : 0;
  }
}

}  // namespace

UniqueEntries unique_entries(const Attributes& attributes, const View& x) {
  std::int64_t outer = 1, entries = x.count(), inner = 1;
  if (attributes.has("axis")) {
    const std::size_t axis = wrap_axis(attributes.integer("axis", 0), x.dims.size());
    entries = x.dims[axis];
    outer = product(x.dims, 0, axis);
    inner = product_from(x.dims, axis + 1);
    if (x.count() == 0) outer = 0;
  }
  UniqueEntries result;
  result.kind.resize(static_cast<std::size_t>(entries));
  std::vector<std::int64_t> order(static_cast<std::size_t>(entries));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  dispatch_any(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* data = x.as<T>();
    const auto difference = [&](std::int64_t a, std::int64_t b) {
      for (std::int64_t o = 0; o < outer; ++o)
        for (std::int64_t i = 0; i < inner; ++i)
          if (const int c =
                  compare_elements<T>(data[(o * entries + a) * inner + i], data[(o * entries + b) * inner + i]))
            return c;
      return 0;
    };
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      const int c = difference(a, b);
      return c != 0 ? c < 0 : a < b;
    });
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (k == 0 || difference(order[k - 1], order[k]) != 0) result.first.push_back(order[k]);
      result.kind[static_cast<std::size_t>(order[k])] = static_cast<std::int64_t>(result.first.size()) - 1;
    }
  });
  if (attributes.integer("sorted", 1) != 0) return result;
  std::vector<std::int64_t> by_place(result.first.size()), place(result.first.size());
  std::iota(by_place.begin(), by_place.end(), std::int64_t{0});
  std::sort(by_place.begin(), by_place.end(), [&](std::int64_t a, std::int64_t b) {
    return result.first[static_cast<std::size_t>(a)] < result.first[static_cast<std::size_t>(b)];
  });
  for (std::size_t k = 0; k < by_place.size(); ++k)
    place[static_cast<std::size_t>(by_place[k])] = static_cast<std::int64_t>(k);
  for (std::int64_t& kind : result.kind) kind = place[static_cast<std::size_t>(kind)];
  std::sort(result.first.begin(), result.first.end());
  return result;
}

}  // namespace vireo::ops
