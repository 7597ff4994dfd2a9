#include "engine/ops/shared/opencl_quantization.h"

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

bool plan_quantization(const Problem& p, OpenclRows& rows, std::string& why) {
  const Dims &dims = p.inputs[0].dims, &scale = p.inputs[1].dims;
  const Dims x = strides_of(p.inputs[0]), y = strides_of(p.outputs[0]);
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && (!p.inputs[k].dense() || (p.inputs[k].dims != scale &&
                                                           (p.inputs[k].count() != 1 || element_count(scale) != 1)))) {
      why = "takes dense scales, and zero points of their shape";
      return false;
    }
  Dims loop = dims, strides[3] = {x, Dims(dims.size(), 0), y};
  if (element_count(scale) != 1) {
    const auto rank = static_cast<std::int64_t>(dims.size());
    const std::int64_t asked = p.attributes->integer("axis", 1);
    if (asked < -rank || asked >= rank) {
      why = "the axis is outside the tensor";
      return false;
    }
    const std::size_t axis = wrap_axis(asked, dims.size());
    const std::int64_t block = p.attributes->integer("block_size", 0);
    const bool blocked = block > 0 && scale.size() == dims.size();
    Dims expected{dims[axis]};
    if (blocked) {
      expected = dims;
      expected[axis] = dims[axis] / block;
    }
    if (scale != expected || (blocked && dims[axis] % block != 0)) {
      why = "takes one scale, one for each entry of the axis, or blocks that divide the axis";
      return false;
    }
    if (blocked) {  // the axis becomes (block, entry of the block)
      strides[1] = strides_of(scale);
      const auto at = static_cast<std::ptrdiff_t>(axis);
      loop[axis] = block;
      loop.insert(loop.begin() + at, expected[axis]);
      strides[0].insert(strides[0].begin() + at, x[axis] * block);
      strides[1].insert(strides[1].begin() + at + 1, 0);
      strides[2].insert(strides[2].begin() + at, y[axis] * block);
    } else {
      strides[1][axis] = 1;
    }
  }
  if (plan_opencl_rows(loop, strides, 4, rows)) return true;
  why = "too many axes";
  return false;
}

Launch prepare_quantization(const Problem& p, std::string_view path, std::string_view entry) {
  OpenclRows rows;
  std::string why;
  (void)plan_quantization(p, rows, why);
  const bool shifted = p.inputs.size() > 2 && p.inputs[2].present();
  KernelCall call(path, entry);
  call.define_type("FROM", p.inputs[0].dtype).define_type("SCALE", p.inputs[1].dtype);
  call.define_type("TO", p.outputs[0].dtype);
  if (shifted) call.define_type("ZERO", p.inputs[2].dtype);
  call.input(0).input(1).input(shifted ? 2 : 1).output(0);
  add_rows(call, rows);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
