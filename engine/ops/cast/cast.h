#pragma once
// How a cast makes narrow elements (base/narrow.h), from the attributes of the layer. Any thread.

#include "engine/base/narrow.h"
#include "engine/graph/attributes.h"

namespace vireo::ops {

struct NarrowCast {
  base::Overflow overflow = base::Overflow::saturates;
  base::PowerRounding rounding = base::PowerRounding::up;
};

/// Throws Error(invalid_model) for a rounding that there isn't.
[[nodiscard]] NarrowCast narrow_cast(const graph::Attributes& attributes);

}  // namespace vireo::ops
