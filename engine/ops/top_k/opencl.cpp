// top_k on OpenCL devices: an item an entry, which counts those before it.
#include "engine/ops/top_k/opencl.h"

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kLongest = 32768;  ///< the comparisons are the square of it

bool has(const Problem& p, std::size_t k) { return k < p.outputs.size() && p.outputs[k].present(); }

/// Strides of x, values and positions; those of an absent output are 0.
std::array<Dims, 3> strides_of_three(const Problem& p) {
  std::array<Dims, 3> all{strides_of(p.inputs[0]), Dims(p.inputs[0].dims.size()), Dims(p.inputs[0].dims.size())};
  for (std::size_t k = 0; k < 2; ++k)
    if (has(p, k)) all[k + 1] = strides_of(p.outputs[k]);
  return all;
}

std::size_t axis_of(const Problem& p) { return wrap_axis(p.attributes->integer("axis", -1), p.inputs[0].dims.size()); }

bool opencl_lines_loop(const Problem& p, Loop& loop) {
  std::array<Dims, 3> strides = strides_of_three(p);
  Dims dims = p.inputs[0].dims;
  const auto axis = static_cast<std::ptrdiff_t>(axis_of(p));
  dims.erase(dims.begin() + axis);
  for (Dims& own : strides) own.erase(own.begin() + axis);
  return plan_loop(dims, strides, loop);
}

}  // namespace

std::string refuse_top_k_opencl(const Problem& p) {
  Problem data = p;  // k and the positions have types of their own
  data.inputs.resize(1);
  if (p.inputs[0].dims.empty() || p.inputs[0].count() == 0) return "nothing to do";
  if (std::string why = refuse_opencl(data, {DataType::float32, DataType::float16, DataType::int32, DataType::int64});
      !why.empty())
    return why;
  if (p.inputs[0].dims[axis_of(p)] > kLongest) return "the lines are too long to compare all with all";
  if (p.inputs[0].count() / p.inputs[0].dims[axis_of(p)] > 65535) return "too many lines";
  Loop loop;
  return opencl_lines_loop(p, loop) ? "" : "too many axes";
}

Launch prepare_top_k_opencl(const Problem& p) {
  Loop loop;
  (void)opencl_lines_loop(p, loop);
  const std::size_t axis = axis_of(p);
  const std::array<Dims, 3> strides = strides_of_three(p);
  const std::int64_t n = p.inputs[0].dims[axis], k = p.outputs[has(p, 0) ? 0 : 1].dims[axis];
  KernelCall call("top_k/ranks.cl", "top_k_ranks");
  call.define_type("T", p.inputs[0].dtype).define("REAL", is_float(p.inputs[0].dtype) ? 1 : 0);
  call.define("LARGEST", p.attributes->integer("largest", 1) != 0 ? 1 : 0);
  call.define("VALUES", has(p, 0) ? 1 : 0).define("POSITIONS", has(p, 1) ? 1 : 0);
  call.input(0);
  for (int o = 0; o < 2; ++o)
    if (has(p, static_cast<std::size_t>(o))) call.output(o);
  call.integer(n).integer(k);
  for (const Dims& own : strides) call.integer(own[axis]);
  call.value(loop_dims(loop));
  for (int t = 0; t < 3; ++t) call.value(loop_strides(loop, t));
  call.over({n, p.inputs[0].count() / n, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
