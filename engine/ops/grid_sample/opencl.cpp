// grid_sample on OpenCL devices: an item some channels of a point, every mode and padding. Positions are worked out in
// float, where the reference has double: points within a rounding of the middle of two pixels may choose the other.
#include "engine/ops/shared/opencl.h"
#include "engine/ops/grid_sample/taps.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

std::string refuse_grid_sample_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kReals); !why.empty()) return why;
  if (p.inputs[0].dims.size() > 2 + kMaxSampleRank) return "takes up to three spatial axes";
  return p.inputs[0].count() == 0 ? "the input is empty" : "";
}

Launch prepare_grid_sample_opencl(const Problem& p) {
  const Dims &x = p.inputs[0].dims, &y = p.outputs[0].dims;
  const std::size_t rank = x.size() - 2;
  const std::string mode = p.attributes->text("mode", "linear"), padding = p.attributes->text("padding_mode", "zeros");
  const std::int64_t chunk = x[1] >= 8 ? 8 : 1, points = product_from(y, 2);
  KernelCall call("grid_sample/points.cl", "grid_sample_points");
  call.define_type("T", p.inputs[0].dtype).define_type("G", p.inputs[1].dtype);
  call.define("RANK", static_cast<std::int64_t>(rank)).define("CHUNK", chunk);
  call.define("TAPS", mode == "nearest" ? 1 : mode == "cubic" ? 4 : 2);
  call.input(0).input(1).output(0);
  call.value(int8_of({x[0], x[1], points, y.back(),
                      padding == "border"       ? 1
                      : padding == "reflection" ? 2
                                                : 0,
                      p.attributes->integer("align_corners", 0) != 0 ? 1 : 0}));
  Int4 extents{{1, 1, 1, 1}};
  const Dims from = strides_of(p.inputs[0]), grid = strides_of(p.inputs[1]), to = strides_of(p.outputs[0]);
  Int8 xs = int8_of({from[0], from[1]});
  for (std::size_t i = 0; i < rank; ++i) {
    extents.at[i] = static_cast<std::int32_t>(x[2 + i]);
    xs.at[2 + i] = static_cast<std::int32_t>(from[2 + i]);
  }
  call.value(extents).value(xs);
  call.value(int8_of({grid[0], p.inputs[1].pitch, to[0], to[1], p.outputs[0].pitch}));
  call.over({points, (x[1] + chunk - 1) / chunk, x[0]}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
