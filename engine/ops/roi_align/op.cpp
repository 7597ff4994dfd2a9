// Pools regions [x1, y1, x2, y2] (input 1) of the images named by input 2 to output_height × output_width by bilinear
// sampling; mode avg or max; coordinate_transformation_mode half_pixel or output_half_pixel.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void roi_align_reference(const EvalContext&);
std::span<const Tactic> roi_align_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_float(c, 0);
  require_rank(c, 0, 4, 4);
  require_rank(c, 1, 2, 2);
  require_rank(c, 2, 1, 1);
  require_extent(c, 1, 1, 4, "x1, y1, x2, y2");
  require_extent(c, 2, 0, c.dims(1)[0], "one image for each region");
  const std::string mode = c.attributes().text("mode", "avg");
  c.require(mode == "avg" || mode == "max", "unknown mode '" + mode + "'");
  const std::int64_t ratio = c.attributes().integer("sampling_ratio", 0);
  c.require(ratio <= 1024,
            "sampling_ratio is " + std::to_string(ratio) + ", accepted: up to 1024, 0 for as many as fit");
  const std::int64_t height = c.attributes().integer("output_height", 1),
                     width = c.attributes().integer("output_width", 1);
  c.require(height > 0 && width > 0, "output_height is " + std::to_string(height) + ", output_width " +
                                         std::to_string(width) + ", accepted: 1 or more");
  c.output(0, c.dtype(0), {c.dims(1)[0], c.dims(0)[1], height, width});
}

bool varying(VaryingContext& c) {  // region by region
  if (c.varies(0) || c.axes(1)[1] != 0 || c.axes(1)[0] != c.axes(2)[0]) return false;
  c.output(0, {c.axes(1)[0], 0, 0, 0});
  return true;
}

}  // namespace

extern const Operator roi_align_operator;
const Operator roi_align_operator{.name = "roi_align",
                                  .min_inputs = 3,
                                  .max_inputs = 3,
                                  .infer = infer,
                                  .reference = roi_align_reference,
                                  .tactics = roi_align_tactics,
                                  .costly = true,
                                  .varying = varying};

}  // namespace vireo::ops
