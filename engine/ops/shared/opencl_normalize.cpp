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

/// How many vectors of how many elements a lane keeps; none where lines are no dense rows or too long.
struct Held {
  std::int64_t vectors = 0, width = 1;
  std::int64_t lanes = 1;
};

Held held_of(const Problem& p, const OpenclNorm& n, const Lines& l) {
  constexpr std::int64_t kVectors = 4, kSingles = 8, kLanes = 256;
  Held held;
  if (n.mode == Normalization::hardmax || l.inner.rank != 1) return held;
  for (int k = 0; k < l.tensors; ++k)
    if (l.inner.strides[k][0] != 1) return held;
  bool wide = l.length % 8 == 0;
  for (const graph::Desc* desc : {&p.inputs[0], &p.outputs[0]}) wide = wide && desc->alignment % 16 == 0;
  for (int k = 0; k < 2; ++k)
    for (int i = 0; i < l.outer.rank; ++i) wide = wide && l.outer.strides[k][i] % 8 == 0;
  held.width = wide ? 8 : 1;
  const std::int64_t vectors = l.length / held.width, most = wide ? kVectors : kSingles;
  while (held.lanes * most < vectors && held.lanes < kLanes) held.lanes *= 2;
  if (held.lanes * most < vectors) return held;
  // Few lines leave compute units idle unless they are shared by more.
  while (held.lanes < vectors && held.lanes < kLanes && l.count * held.lanes < kLanes * 2 * p.target->workers)
    held.lanes *= 2;
  held.vectors = 1;
  while (held.vectors * held.lanes < vectors) held.vectors *= 2;
  if (held.vectors == 4 && 3 * held.lanes >= vectors) held.vectors = 3;
  return held;
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
  const Held held = form == LineForm::shared ? held_of(p, n, lines) : Held{};
  if (held.vectors > 0) call.define("HELD", held.vectors).define("WIDTH", held.width);
  if (held.width > 1) call.define("ALIGNED", 1);
  call.input(0).output(0);
  if (n.scale >= 0) call.define_type("S", p.inputs[static_cast<std::size_t>(n.scale)].dtype).input(n.scale);
  if (n.bias >= 0) call.input(n.bias);
  if (n.statistics) call.output(1).output(2);
  call.value(static_cast<float>(n.epsilon));
  add_lines(call, lines, form, held.vectors > 0 ? held.lanes : 0);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_norm(const Problem& p, const OpenclNorm& n, LineForm form) {
  Lines lines;
  return norm_lines(n, lines) ? 3 * predict_lines(p, lines, form) : 1;
}

}  // namespace vireo::ops
