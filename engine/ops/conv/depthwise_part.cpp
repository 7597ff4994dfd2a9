// Depthwise conv as a part of plan kernels (depthwise_part.cl).
#include <cmath>

#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/hopper.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/hopper.h"
#include "engine/ops/shared/opencl_words.h"

namespace vireo::ops {
namespace {

ConvGeometry part_geometry(const Problem& p) {
  return conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
}

bool part_given(const Problem& p, std::size_t k) { return k < p.inputs.size() && p.inputs[k].present(); }

/// [tap][channel], halfs.
device::OpenclState part_weights(const Problem& p, const ConvGeometry& g) {
  device::OpenclState state;
  state.bytes = static_cast<std::size_t>(g.taps() * g.cin) * 2;
  auto block = graph::packed(p, "depthwise_part", DataType::float16, {1}, state.bytes, [&](std::byte* bytes) {
    auto* to = reinterpret_cast<std::uint16_t*>(bytes);
    const auto* from = p.inputs[1].constant->as<std::uint16_t>();
    for (std::int64_t c = 0; c < g.cin; ++c)
      for (std::int64_t t = 0; t < g.taps(); ++t) to[t * g.cin + c] = from[c * g.taps() + t];
  });
  state.data = block.get();
  state.owner = std::move(block);
  return state;
}

}  // namespace

std::string refuse_conv_depthwise_part(const Problem& p) {
  if (std::string why = refuse_words(p, {0, -1}); !why.empty()) return why;
  if (part_given(p, 3))
    if (std::string why = refuse_words(p, {3}); !why.empty()) return why;
  if (!p.inputs[1].constant || (part_given(p, 2) && !p.inputs[2].constant)) return "weights that are not known";
  const ConvGeometry g = part_geometry(p);
  if (!g.nhwc || g.rank != 2) return "takes channels-last pictures";
  if (g.groups != g.cin || g.cout != g.cin) return "not depthwise with one output for each channel";
  if (g.cin % 8 != 0) return "takes channels in multiples of 8";
  if (g.kernel[1] > 7 || g.kernel[2] > 7) return "a large window";
  return {};
}

double predict_conv_depthwise_part(const Problem& p) {
  const ConvGeometry g = part_geometry(p);
  const auto words = static_cast<double>(g.batch * g.out_pixels() * g.cin / 8);
  const double rounds = std::ceil(words / (256.0 * std::max(1, p.target->opencl.resident_groups)));
  return 0.8e-6 + rounds * (0.6e-6 + static_cast<double>(g.taps()) * 20e-9);
}

Launch prepare_conv_depthwise_part(const Problem& p) {
  const ConvGeometry g = part_geometry(p);
  OpenclLaunch launch;
  launch.states = {part_weights(p, g), hopper_bias(p, 2, g.cout)};
  KernelCall call("conv/depthwise_part.cl", "depthwise_part");
  call.before("shared/opencl/words.cl").before("shared/opencl/part_end.cl").define("FAST_FUNCTIONS", 1);
  call.define("CHANNELS", g.cin).define("IMAGES", g.batch).define("WIDTH", g.in[2]).define("HEIGHT", g.in[1]);
  call.define("OUT_W", g.out[2]).define("OUT_H", g.out[1]);
  call.define("X_PITCH", p.inputs[0].pitch).define("Y_PITCH", p.outputs[0].pitch);
  call.define("KERNEL_H", g.kernel[1]).define("KERNEL_W", g.kernel[2]);
  call.define("STRIDE_H", g.stride[1]).define("STRIDE_W", g.stride[2]);
  call.define("DILATION_H", g.dilation[1]).define("DILATION_W", g.dilation[2]);
  call.define("PAD_H", g.pad_begin[1]).define("PAD_W", g.pad_begin[2]);
  call.define("LINES", g.taps() <= 9 ? g.kernel[1] : g.kernel[2] <= 5 ? 2 : 1);  // what registers hold
  const bool residual = part_given(p, 3);
  call.define("RESIDUAL", !residual ? 0 : p.attributes->text("residual", "before") == "before" ? 1 : 2);
  call.define("R_PITCH", residual ? p.inputs[3].pitch : 8).activation(activation_of(*p.attributes));
  call.input(0).output(0).state(0).state(1);
  if (residual) call.input(3);
  else call.output(0);
  const std::int64_t words = g.batch * g.out_pixels() * g.cin / 8, items = word_items(p, words);
  call.define("ITEMS", items);
  launch.kernels.push_back(word_part(call.done(), (words + items - 1) / items));
  launch.unread_inputs = 0b110;
  launch.state_bytes = launch.states[0].bytes + launch.states[1].bytes;
  launch.marks = true;
  return launch;
}

}  // namespace vireo::ops
