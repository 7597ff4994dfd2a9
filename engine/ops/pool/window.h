#pragma once
// The geometry of pooling windows, from attributes and extents. Plain values; any thread.

#include "engine/graph/attributes.h"
#include "engine/api/types.h"

namespace vireo::ops {

struct PoolAxis {
  std::int64_t kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
  std::int64_t in = 0, out = 0;  ///< kUnknown where not known
};

/// One entry for each spatial axis. `dims` is the shape of the input; the spatial axes are those after the channels, or
/// before them when attribute `layout` is "nhwc". Throws Error for attributes that don't fit.
[[nodiscard]] std::vector<PoolAxis> pool_axes(const graph::Attributes& attributes, const Dims& dims);
[[nodiscard]] bool channels_last(const graph::Attributes& attributes);

}  // namespace vireo::ops
