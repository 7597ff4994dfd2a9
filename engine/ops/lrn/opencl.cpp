// lrn on OpenCL devices: an item an element.
#include <algorithm>

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

std::string refuse(const Problem& p) {
  if (p.inputs[0].dims.size() > 8) return "more than eight axes";
  return refuse_opencl(p, kReals);
}

Launch prepare(const Problem& p) {
  const Dims& dims = p.outputs[0].dims;
  const Dims from = strides_of(p.inputs[0]);
  const std::size_t axis = p.attributes->text("layout", "nchw") == "nhwc" ? dims.size() - 1 : 1;
  const std::int64_t count = p.outputs[0].count(), channels = dims[axis];
  const std::int64_t size = std::min<std::int64_t>(p.attributes->integer("size", 1), 1 << 30);
  const double real_size = static_cast<double>(p.attributes->integer("size", 1));
  KernelCall call("lrn/elements.cl", "lrn_elements");
  call.define_type("T", p.inputs[0].dtype).input(0).output(0);
  call.value(Int4{{static_cast<std::int32_t>(count), static_cast<std::int32_t>(product_from(dims, axis + 1)),
                   static_cast<std::int32_t>(channels), static_cast<std::int32_t>(size)}});
  call.value(int8_last(dims, 1)).value(int8_last(from, 0)).value(int8_last(strides_of(p.outputs[0]), 0));
  call.integer(from[axis]);
  call.value(static_cast<float>(p.attributes->real("alpha", 1e-4) / real_size));
  call.value(static_cast<float>(p.attributes->real("beta", 0.75)));
  call.value(static_cast<float>(p.attributes->real("bias", 1.0)));
  call.over({count, 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "lrn_elements_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"},
};

}  // namespace

std::span<const Tactic> lrn_tactics() { return kTactics; }

}  // namespace vireo::ops
