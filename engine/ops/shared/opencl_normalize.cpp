#include "engine/ops/shared/opencl_normalize.h"

namespace vireo::ops {
namespace {

bool norm_lines(const OpenclNorm& n, Lines& lines) {
  std::vector<Dims> strides{n.x, n.y};
  if (n.scale >= 0) {
    strides.push_back(n.scale_strides);
    strides.push_back(n.bias >= 0 ? n.bias_strides : n.scale_strides);
  }
  return plan_lines(n.dims, n.along, strides, lines);
}

}  // namespace

OpenclNorm channel_norm(const Problem& p, std::size_t axis, std::int64_t groups) {
  const Dims &dims = p.inputs[0].dims, x = strides_of(p.inputs[0]), y = strides_of(p.outputs[0]);
  OpenclNorm n{.mode = Normalization::mean_variance, .epsilon = p.attributes->real("epsilon", 1e-5)};
  const auto add = [&](std::int64_t extent, bool along, std::int64_t from, std::int64_t to, std::int64_t channel) {
    n.dims.push_back(extent);
    n.along.push_back(along);
    n.x.push_back(from);
    n.y.push_back(to);
    n.scale_strides.push_back(channel);
  };
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i != axis) {
      add(dims[i], i != 0, x[i], y[i], 0);
      continue;
    }
    const std::int64_t width = dims[i] / groups;
    add(groups, false, x[i] * width, y[i] * width, width);
    add(width, true, x[i], y[i], 1);
  }
  n.bias_strides = n.scale_strides;
  n.scale = 1;
  n.bias = 2;
  return n;
}

std::string refuse_norm(const Problem& p, const OpenclNorm& n) {
  const auto type = [&](int k) { return p.inputs[static_cast<std::size_t>(k)].dtype; };
  if (n.scale >= 0 && n.bias >= 0 && type(n.scale) != type(n.bias)) return "scale and bias differ in type";
  for (std::size_t k = 1; k < p.outputs.size() && n.statistics; ++k)
    if (p.outputs[k].dtype != DataType::float32 || !p.outputs[k].dense()) return "statistics are dense float32 only";
  Lines lines;
  return norm_lines(n, lines) ? "" : "too many axes";
}

Launch prepare_norm(const Problem& p, const OpenclNorm& n, LineForm form) {
  Lines lines;
  (void)norm_lines(n, lines);
  KernelCall call = line_call(p, "shared/opencl/normalize.cl", "normalize_lines", lines, form);
  call.define_type("T", p.inputs[0].dtype).define("MODE", static_cast<int>(n.mode));
  call.define("SCALED", (n.scale >= 0 ? 1 : 0) + (n.bias >= 0 ? 1 : 0)).define("STATISTICS", n.statistics ? 1 : 0);
  call.input(0).output(0);
  if (n.scale >= 0) call.define_type("S", p.inputs[static_cast<std::size_t>(n.scale)].dtype).input(n.scale);
  if (n.bias >= 0) call.input(n.bias);
  if (n.statistics) call.output(1).output(2);
  call.value(static_cast<float>(n.epsilon));
  add_lines(call, lines, form);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_norm(const Problem& p, const OpenclNorm& n, LineForm form) {
  Lines lines;
  return norm_lines(n, lines) ? 3 * predict_lines(p, lines, form) : 1;
}

}  // namespace vireo::ops
