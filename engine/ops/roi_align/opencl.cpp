// roi_align on OpenCL devices: an item an output element.
#include "engine/ops/shared/opencl.h"
#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {
namespace {

Int4 four(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
  return {{static_cast<std::int32_t>(a), static_cast<std::int32_t>(b), static_cast<std::int32_t>(c),
           static_cast<std::int32_t>(d)}};
}

}  // namespace

std::string refuse_roi_align_opencl(const Problem& p) {
  using D = DataType;
  if (std::string why = refuse_opencl(p, {D::float32, D::float16, D::int32, D::int64}); !why.empty()) return why;
  if (!is_float(p.inputs[1].dtype)) return "the regions are no real numbers";
  return p.inputs[0].count() == 0 ? "the images are empty" : "";
}

Launch prepare_roi_align_opencl(const Problem& p) {
  const Dims &x = p.inputs[0].dims, &y = p.outputs[0].dims;
  const Dims from = strides_of(p.inputs[0]), to = strides_of(p.outputs[0]);
  const bool max = p.attributes->text("mode", "avg") == "max";
  const bool half = p.attributes->text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  KernelCall call("roi_align/regions.cl", "roi_align_regions");
  call.define_type("T", p.inputs[0].dtype).define_type("R", p.inputs[1].dtype).define_type("I", p.inputs[2].dtype);
  call.input(0).input(1).input(2).output(0);
  call.value(four(y[0], y[1], y[2], y[3]));
  call.value(four(x[0], x[2], x[3], std::max<std::int64_t>(p.attributes->integer("sampling_ratio", 0), 0)));
  call.value(four(from[0], from[1], from[2], p.inputs[1].pitch)).value(four(to[0], to[1], to[2], 0));
  call.value(static_cast<float>(p.attributes->real("spatial_scale", 1.0))).integer((max ? 1 : 0) | (half ? 2 : 0));
  call.over({p.outputs[0].count(), 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
