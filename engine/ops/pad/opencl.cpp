// pad on OpenCL devices, any mode: each element of the output finds where it comes from.
#include <algorithm>

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// As movement_pad in movement.cl numbers them.
int mode_of(const Problem& p) {
  const std::string mode = p.attributes->text("mode", "constant");
  return mode == "constant" ? 0 : mode == "edge" ? 1 : mode == "reflect" ? 2 : 3;
}

struct Padded {
  Dims dims, begins, extents, from, to;
};

/// Axes without anything to do left out, and neighbours merged: the inner one is not padded and, unless the padding is
/// a constant, neither is the outer one.
Padded padded_axes(const Problem& p) {
  const Dims &in = p.inputs[0].dims, &out = p.outputs[0].dims;
  const std::size_t rank = in.size();
  const Ints pads = to_integers(*p.inputs[1].constant);
  Dims begins(rank, 0);
  if (p.inputs.size() > 3 && p.inputs[3].present()) {
    const Ints axes = to_integers(*p.inputs[3].constant);
    for (std::size_t i = 0; i < axes.size(); ++i) begins[wrap_axis(axes[i], rank)] = pads[i];
  } else {
    std::copy_n(pads.begin(), rank, begins.begin());
  }
  const Dims from = strides_of(p.inputs[0]), to = strides_of(p.outputs[0]);
  const bool constant = mode_of(p) == 0;
  Padded axes;
  bool plain = false;  // the axis before is not padded
  for (std::size_t i = 0; i < rank; ++i) {
    const bool own = begins[i] == 0 && in[i] == out[i];
    if (own && in[i] == 1) continue;
    const bool merges = !axes.dims.empty() && own && (constant || plain) && axes.from.back() == from[i] * in[i] &&
                        axes.to.back() == to[i] * out[i];
    if (merges) {
      axes.dims.back() *= out[i];
      axes.begins.back() *= in[i];
      axes.extents.back() *= in[i];
      axes.from.back() = from[i];
      axes.to.back() = to[i];
      continue;
    }
    plain = own;
    axes.dims.push_back(out[i]);
    axes.begins.push_back(begins[i]);
    axes.extents.push_back(in[i]);
    axes.from.push_back(from[i]);
    axes.to.push_back(to[i]);
  }
  return axes;
}

/// Counts in sixteen bytes where everything is a multiple of them.
bool widen_axes(Padded& axes, bool constant, std::int64_t wide) {
  if (axes.dims.empty() || axes.from.back() != 1 || axes.to.back() != 1) return false;
  const std::int64_t dims = axes.dims.back(), begin = axes.begins.back(), extent = axes.extents.back();
  if (dims % wide || begin % wide || extent % wide || !(constant || (begin == 0 && dims == extent))) return false;
  for (std::size_t i = 0; i + 1 < axes.dims.size(); ++i)
    if (axes.from[i] % wide || axes.to[i] % wide) return false;
  axes.dims.back() /= wide;
  axes.begins.back() /= wide;
  axes.extents.back() /= wide;
  for (std::size_t i = 0; i + 1 < axes.dims.size(); ++i) {
    axes.from[i] /= wide;
    axes.to[i] /= wide;
  }
  return true;
}

Int8 at_the_end(const Dims& list, std::int32_t filling) {
  Int8 all;
  std::fill(std::begin(all.at), std::end(all.at), filling);
  for (std::size_t i = 0; i < list.size(); ++i) all.at[8 - list.size() + i] = static_cast<std::int32_t>(list[i]);
  return all;
}

}  // namespace

std::string refuse_pad_opencl(const Problem& p) {
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (k != 2 && p.inputs[k].present() && !p.inputs[k].constant) return "the pads are not known when building";
  if (std::string why = refuse_opencl_movement(p); !why.empty()) return why;
  const Padded axes = padded_axes(p);
  for (const std::int64_t begin : axes.begins)
    if (begin > INT32_MAX || begin < INT32_MIN / 2) return "a pad is more than an int counts";
  return axes.dims.size() > 8 ? "too many axes" : "";
}

Launch prepare_pad_opencl(const Problem& p) {
  Padded axes = padded_axes(p);
  const int mode = mode_of(p);
  const bool wide = widen_axes(axes, mode == 0, opencl_wide(p.outputs[0].dtype));
  const bool has_value = mode == 0 && p.inputs.size() > 2 && p.inputs[2].present();
  std::int64_t count = 1;
  for (const std::int64_t extent : axes.dims) count *= extent;
  KernelCall call = movement_call("movement_pad", p.outputs[0].dtype);
  call.input(0).input(has_value ? 2 : 0).output(0).integer(has_value).integer(mode).integer(count).integer(wide);
  call.integer(static_cast<std::int64_t>(axes.dims.size())).value(at_the_end(axes.dims, 1));
  call.value(at_the_end(axes.begins, 0)).value(at_the_end(axes.extents, 1));
  call.value(at_the_end(axes.from, 0)).value(at_the_end(axes.to, 0)).over({count, 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.unread_inputs = has_value ? 0b1010 : 0b1110;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
