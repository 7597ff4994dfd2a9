// affine_grid on OpenCL devices: an item an output element.
#include "engine/ops/shared/opencl.h"

namespace vireo::ops {
namespace {

std::string refuse(const Problem& p) {
  using D = DataType;
  return refuse_opencl(p, {D::float32, D::float16, D::int32, D::int64});
}

Launch prepare(const Problem& p) {
  const Dims& y = p.outputs[0].dims;
  const std::int64_t rank = y.back(), pitch = p.inputs[0].pitch, count = p.outputs[0].count();
  Int4 extents{{1, 1, 1, 1}};
  for (std::int64_t i = 0; i < rank; ++i) extents.at[i] = static_cast<std::int32_t>(y[static_cast<std::size_t>(1 + i)]);
  const bool align = p.attributes->integer("align_corners", 0) != 0;
  KernelCall call("affine_grid/elements.cl", "affine_grid_elements");
  call.define_type("T", p.inputs[0].dtype).input(0).output(0).value(extents);
  call.value(Int4{{static_cast<std::int32_t>(count), static_cast<std::int32_t>(rank), align ? 1 : 0,
                   static_cast<std::int32_t>(p.outputs[0].pitch)}});
  call.value(std::array<std::int32_t, 2>{static_cast<std::int32_t>(rank * pitch), static_cast<std::int32_t>(pitch)});
  call.over({count, 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  launch.unread_inputs = 0b10;
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "affine_grid_elements_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"},
};

}  // namespace

std::span<const Tactic> affine_grid_tactics() { return kTactics; }

}  // namespace vireo::ops
