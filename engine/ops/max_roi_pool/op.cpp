// The largest element of each cell of a region: regions [image, x1, y1, x2, y2] (input 1, corners included) of x
// [N, C, H, W] in pooled_shape (height, width) cells, coordinates times spatial_scale. 0 for cells outside the image.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void max_roi_pool_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 4, 4);
  require_rank(c, 1, 2, 2);
  require_same_type(c, 1);
  require_extent(c, 1, 1, 5, "image, x1, y1, x2, y2");
  (void)c.attributes().real("spatial_scale", 1);
  const Ints shape = c.attributes().integers("pooled_shape");
  c.require(shape.size() == 2 && shape[0] > 0 && shape[1] > 0,
            "pooled_shape is " + to_string(shape) + ", accepted: height and width, 1 or more");
  c.output(0, c.dtype(0), {c.dims(1)[0], c.dims(0)[1], shape[0], shape[1]});
}

bool varying(VaryingContext& c) {  // region by region
  if (c.varies(0) || c.axes(1)[1] != 0) return false;
  c.output(0, {c.axes(1)[0], 0, 0, 0});
  return true;
}

}  // namespace

extern const Operator max_roi_pool_operator;
const Operator max_roi_pool_operator{.name = "max_roi_pool",
                                     .min_inputs = 2,
                                     .max_inputs = 2,
                                     .infer = infer,
                                     .reference = max_roi_pool_reference,
                                     .costly = true,
                                     .varying = varying};

}  // namespace vireo::ops
