#pragma once
// Where the value of a key is. Made once, read by any thread.

#include <cmath>
#include <cstring>
#include <unordered_map>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

/// Numbers that are equal, and NaNs, have equal bits.
template <typename T>
[[nodiscard]] std::uint64_t label_bits(T value) {
  if constexpr (kIsReal<T>) {
    const auto wide = static_cast<double>(value);
    if (std::isnan(wide)) return ~std::uint64_t{0};
    std::uint64_t bits = 0;
    const double number = wide == 0 ? 0.0 : wide;
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
  } else {
    return static_cast<std::uint64_t>(value);
  }
}

using LabelTable = std::unordered_map<std::uint64_t, std::int64_t>;

/// Calls f(Tag<T>) for the type of elements that keys have: texts are their ids.
template <typename F>
void dispatch_label(DataType type, F&& f) {
  dispatch_any(moved_as(type), f);
}

[[nodiscard]] inline LabelTable label_table(const View& keys) {
  LabelTable table;
  dispatch_label(keys.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0, n = keys.count(); i < n; ++i) table[label_bits(keys.as<T>()[i])] = i;
  });
  return table;
}

}  // namespace vireo::ops
