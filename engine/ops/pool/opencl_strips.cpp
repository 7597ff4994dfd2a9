// pool on OpenCL devices, maps with channels last: an item makes some pixels of some rows.
#include <algorithm>

#include "engine/ops/pool/kernels.h"
#include "engine/ops/pool/window.h"
#include "engine/ops/shared/conv_opencl.h"
#include "engine/ops/shared/opencl_maps.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kMostTaps = 7;  ///< of an axis: the kernel is unrolled
constexpr std::int64_t kMostStride = 3;

}  // namespace

std::string refuse_pool_strips_opencl(const Problem& p) {
  if (std::string why = refuse_pool_opencl(p); !why.empty()) return why;
  if (!channels_last(*p.attributes)) return "the layout is nchw";
  if (p.inputs[0].dims.size() != 4) return "takes two spatial axes";
  if (!is_float(p.inputs[0].dtype)) return "takes real numbers only";
  if (p.outputs.size() > 1 && p.outputs[1].present()) return "makes no indices";
  if (p.attributes->text("mode", "max") == "lp") return "has no such mode";
  if (p.inputs[0].dims.back() % 4 != 0) return "channels come by four";
  for (const PoolAxis& a : pool_axes(*p.attributes, p.inputs[0].dims)) {
    if (a.kernel > kMostTaps || a.stride > kMostStride) return "the window is too large";
    if (a.dilation != 1) return "the window is dilated";
  }
  return {};
}

Launch prepare_pool_strips_opencl(const Problem& p) {
  const std::vector<PoolAxis> axes = pool_axes(*p.attributes, p.inputs[0].dims);
  const auto &h = axes[0], &w = axes[1];
  const std::int64_t batch = p.inputs[0].dims[0], channels = p.inputs[0].dims.back();
  // As depthwise convolutions: on a GPU registers are scarcer than loads where windows overlap little.
  const bool processor = p.target->opencl.on_processor;
  MapItems items{
      .vector = map_vector(p, channels), .pixels = processor || w.stride == 1 ? 4 : 2, .rows = processor ? 2 : 1};
  items.pixels = std::min(items.pixels, w.out);
  items.rows = std::min(items.rows, h.out);
  spread_map(p, items, batch, h.out, w.out, channels);
  const auto narrow = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
  KernelCall call("pool/strips.cl", "pool_strips");
  call.before("shared/opencl/maps.cl");
  call.define_type("T", p.inputs[0].dtype).define("MODE", p.attributes->text("mode", "max") == "max" ? 0 : 1);
  call.define("KERNEL_H", h.kernel).define("KERNEL_W", w.kernel);
  call.define("STRIDE_H", h.stride).define("STRIDE_W", w.stride);
  call.define("VECTOR", items.vector).define("PIXELS", items.pixels).define("ROWS", items.rows);
  if (maps_aligned(p, items.vector)) call.define("ALIGNED", 1);
  call.input(0).output(0).value(Int2{{narrow(h.in), narrow(w.in)}}).value(Int2{{narrow(h.out), narrow(w.out)}});
  add_map(call, p, items, batch, h.out, w.out, channels);
  call.value(Int4{{narrow(h.pad_begin), narrow(w.pad_begin), narrow(h.pad_end), narrow(w.pad_end)}});
  call.integer(p.attributes->integer("count_include_pad", 0) != 0);
  for (const graph::Desc* desc : {&p.inputs[0], &p.outputs[0]}) {
    const ActivationStrides t = activation_strides_of(*desc, true);
    call.value(Int4{{narrow(t.batch), narrow(t.space[1]), narrow(t.space[2]), 0}});
  }
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
