#pragma once
// What the scatter operators do where an update meets an element. Any thread.

#include <algorithm>
#include <string>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

enum class ScatterReduction { none, add, mul, max, min };

inline bool scatter_reduction_from(const std::string& name, ScatterReduction& reduction) {
  constexpr const char* names[] = {"none", "add", "mul", "max", "min"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (name == names[i]) {
      reduction = static_cast<ScatterReduction>(i);
      return true;
    }
  return false;
}

template <typename T>
void scatter_into(ScatterReduction reduction, T& element, T update) {
  using W = Wide<T>;
  const W a = static_cast<W>(element), b = static_cast<W>(update);
  switch (reduction) {
    case ScatterReduction::none: element = update; break;
    case ScatterReduction::add: element = static_cast<T>(wrapping_add(a, b)); break;
    case ScatterReduction::mul: element = static_cast<T>(wrapping_mul(a, b)); break;
    case ScatterReduction::max: element = static_cast<T>(std::max(a, b)); break;
    case ScatterReduction::min: element = static_cast<T>(std::min(a, b)); break;
  }
}

}  // namespace vireo::ops
