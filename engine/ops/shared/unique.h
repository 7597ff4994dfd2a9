#pragma once
// Which entries of a tensor are equal: those along `axis`, or its elements where that attribute is absent. What unique
// and unique_inverse agree on. Pure; any thread.

#include <cstdint>
#include <vector>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

struct UniqueEntries {
  std::vector<std::int64_t> first;  ///< of each kind of entry the first; by value (`sorted`), or as they come
  std::vector<std::int64_t> kind;   ///< of each entry, as a place in `first`
};
/// Numbers are ordered by value, entries of several elements by the first that differs. NaNs are equal to each other
/// and larger than all numbers.
[[nodiscard]] UniqueEntries unique_entries(const Attributes& attributes, const View& x);

}  // namespace vireo::ops
