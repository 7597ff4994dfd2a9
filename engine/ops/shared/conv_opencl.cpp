#include "engine/ops/shared/conv_opencl.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Far above any real layer; sums and products of two of these with an extent fit 31 bits or are checked.
constexpr std::int64_t kMostStep = 1 << 20;
constexpr std::int64_t kMostPlace = std::int64_t{1} << 31;

const graph::Desc* tensor(const Problem& p, std::size_t k) {
  return k < p.inputs.size() && p.inputs[k].present() ? &p.inputs[k] : nullptr;
}

Int8 ints(const ActivationStrides& s) { return int8_of({s.batch, s.channel, s.space[0], s.space[1], s.space[2]}); }

/// Tensor `k`, or x where there is none.
void optional_input(KernelCall& call, bool present, int k) { call.input(present ? k : 0); }

bool on_processor(const Problem& p) { return p.target->opencl.on_processor; }

struct DirectShape {
  std::int64_t vector = 4, pixels = 4;
  bool quad = false;
  std::int64_t blocks = 0;  ///< vectors of a group's output channels
  std::int64_t columns = 0, step = 1;
  std::int64_t sets = 0;
};

DirectShape direct_shape(const Problem& p, const OpenclConv& c) {
  DirectShape s;
  const std::int64_t cout = c.g.cout_per_group();
  if (on_processor(p)) {  // vectors are its own; the more sums, the fewer loads for each
    s.vector = cout > 4 ? 16 : 4;
    s.pixels = s.vector == 16 ? 6 : 8;
  } else {
    s.quad = c.x.channel == 1 && c.g.cin_per_group() % 4 == 0;
  }
  s.blocks = (cout + s.vector - 1) / s.vector;
  s.step = c.direction == Direction::transposed ? std::min(c.g.stride[2], c.g.out[2]) : 1;
  s.columns = (c.g.out[2] + s.step - 1) / s.step;
  const std::int64_t slots = c.g.batch * c.g.out[0] * c.g.out[1] * s.columns * s.step;
  s.sets = (slots + s.pixels - 1) / s.pixels;
  return s;
}

}  // namespace

ActivationStrides activation_strides_of(const graph::Desc& desc, bool nhwc) {
  const Dims strides = strides_of(desc);
  ActivationStrides s{strides[0], nhwc ? strides.back() : strides[1], {0, 0, 0}};
  const std::size_t spatial = strides.size() - 2;
  for (std::size_t i = 0; i < spatial; ++i) s.space[3 - spatial + i] = strides[(nhwc ? 1 : 2) + i];
  return s;
}

double OpenclConv::flops() const {
  const double taps = static_cast<double>(g.taps()) * static_cast<double>(g.cin_per_group());
  double pixels = static_cast<double>(g.batch * g.out_pixels());
  if (direction == Direction::transposed) pixels /= static_cast<double>(g.stride[0] * g.stride[1] * g.stride[2]);
  return 2 * taps * pixels * static_cast<double>(g.cout);
}

double opencl_flops(const device::Target& target) {
  return target.opencl.on_processor ? 3e10 * target.workers : 4e11 * target.workers;
}

std::string refuse_conv_opencl(const Problem& p, Direction direction) {
  if (std::string why = refuse_opencl(p, kReals); !why.empty()) return why;
  for (const graph::Desc& desc : p.inputs)
    if (desc.present() && desc.dtype != p.outputs[0].dtype) return "takes tensors of one type only";
  if (p.inputs[0].count() == 0) return "the input is empty";
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, direction);
  for (std::size_t a = 0; a < 3; ++a) {
    for (const std::int64_t value : {g.stride[a], g.dilation[a], g.pad_begin[a], g.kernel[a]})
      if (value > kMostStep) return "a stride, dilation, padding or kernel is too large";
    const std::int64_t window = g.pad_begin[a] + (g.kernel[a] - 1) * g.dilation[a];
    const std::int64_t extent = direction == Direction::forward ? g.out[a] * g.stride[a] : g.out[a] + g.stride[a];
    if (window > kMostPlace / 2 || extent > kMostPlace / 2) return "more positions than an int counts";
  }
  return {};
}

std::string refuse_packed_conv_opencl(const Problem& p, Direction direction) {
  if (!p.inputs[1].constant) return "the weights are not constant";
  if (tensor(p, 2) && !p.inputs[2].constant) return "the bias is not constant";
  if (std::string why = refuse_conv_opencl(p, direction); !why.empty()) return why;
  return p.inputs[1].count() > (std::int64_t{1} << 26) ? "the weights are too large" : "";
}

OpenclConv read_conv_opencl(const Problem& p, Direction direction) {
  OpenclConv c;
  c.direction = direction;
  c.g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, direction);
  c.x = activation_strides_of(p.inputs[0], c.g.nhwc);
  c.y = activation_strides_of(p.outputs[0], c.g.nhwc);
  c.r = c.y;
  c.activation = activation_of(*p.attributes);
  c.bias = tensor(p, 2) != nullptr;
  if (const graph::Desc* residual = tensor(p, 3)) {
    c.residual = true;
    c.residual_before = p.attributes->text("residual", "") == "before";
    c.r = activation_strides_of(*residual, c.g.nhwc);
    c.residual_channels = c.g.nhwc ? residual->dims.back() : residual->dims[1];
  }
  return c;
}

int conv_flags(const OpenclConv& c) {
  return (c.bias ? 1 : 0) | (!c.residual ? 0 : c.residual_before ? 2 : 4) | (c.g.nhwc ? 8 : 0);
}

void conv_shape_arguments(KernelCall& call, const OpenclConv& c) {
  const ConvGeometry& g = c.g;
  call.value(int8_of({g.in[0], g.in[1], g.in[2], g.cin_per_group(), g.cout_per_group()}));
  call.value(int8_of({g.out[0], g.out[1], g.out[2], g.cout, g.batch, c.residual_channels}));
  call.value(int8_of({g.kernel[0], g.kernel[1], g.kernel[2], g.stride[0], g.stride[1], g.stride[2]}));
  call.value(int8_of({g.pad_begin[0], g.pad_begin[1], g.pad_begin[2], g.dilation[0], g.dilation[1], g.dilation[2]}));
  call.value(ints(c.x)).value(ints(c.y)).value(ints(c.r));
}

void pack_conv_opencl(OpenclLaunch& launch, const Problem& p, const OpenclConv& c, std::int64_t rows,
                      std::int64_t columns, Panels panels) {
  const ConvGeometry& g = c.g;
  const auto up = [](std::int64_t value, std::int64_t to) { return (value + to - 1) / to * to; };
  const std::int64_t taps = g.taps(), cin = g.cin_per_group(), cout = g.cout_per_group();
  const std::int64_t depth = up(taps * cin, rows), width = up(cout, columns);
  const std::int64_t panel = panels == Panels::one ? width : columns;
  const DataType type = p.inputs[1].dtype;
  const bool forward = c.direction == Direction::forward;
  const auto weight_bytes = static_cast<std::size_t>(up(g.groups * depth * width, 64)) * size_of(type);
  const auto bias_bytes = static_cast<std::size_t>(g.groups * width) * sizeof(float);
  const std::string layout =
      base::str("conv_opencl ", forward ? "" : "transposed ", "g", g.groups, " k", rows, " m", width, " p", panel);
  auto block = graph::packed(p, layout, type, {1, 2}, weight_bytes + bias_bytes, [&](std::byte* bytes) {
    dispatch_real(type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* from = p.inputs[1].constant->as<T>();
      auto* to = reinterpret_cast<T*>(bytes);
      auto* bias = reinterpret_cast<float*>(bytes + weight_bytes);
      for (std::int64_t group = 0; group < g.groups; ++group) {
        for (std::int64_t j = 0; j < cout; ++j)
          for (std::int64_t i = 0; i < cin; ++i) {
            const std::int64_t row = forward ? (group * cout + j) * cin + i : (group * cin + i) * cout + j;
            const std::int64_t at = group * depth * width + j / panel * depth * panel + j % panel;
            for (std::int64_t tap = 0; tap < taps; ++tap) to[at + (tap * cin + i) * panel] = from[row * taps + tap];
          }
        if (!c.bias) continue;
        const T* given = p.inputs[2].constant->as<T>();
        for (std::int64_t j = 0; j < cout; ++j) bias[group * width + j] = static_cast<float>(given[group * cout + j]);
      }
    });
  });
  const std::byte* data = block.get();
  launch.states.push_back({block, data, weight_bytes});
  launch.states.push_back({block, data + weight_bytes, bias_bytes});
  launch.state_bytes = weight_bytes + bias_bytes;
  launch.unread_inputs = 0b110;
}

Launch prepare_conv_any_opencl(const Problem& p, Direction direction) {
  const OpenclConv c = read_conv_opencl(p, direction);
  const bool forward = direction == Direction::forward;
  KernelCall call("shared/opencl/conv_any.cl", "conv_any");
  call.define_type("T", p.outputs[0].dtype).activation(c.activation);
  if (!forward) call.define("TRANSPOSED", 1);
  call.input(0).input(1);
  optional_input(call, c.bias, 2);
  optional_input(call, c.residual, 3);
  call.output(0);
  conv_shape_arguments(call, c);
  const Dims w = strides_of(p.inputs[1]);
  Int8 ws = int8_of({w[forward ? 0 : 1], w[forward ? 1 : 0]});
  for (int i = 0; i < c.g.rank; ++i) ws.at[5 - c.g.rank + i] = static_cast<std::int32_t>(w[2 + i]);
  call.value(ws).integer(conv_flags(c));
  call.over({c.g.batch * c.g.out_pixels() * c.g.cout, 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_conv_any_opencl(const Problem& p, Direction direction) {
  return 5e-6 + read_conv_opencl(p, direction).flops() / (0.03 * opencl_flops(*p.target));
}

std::string refuse_conv_direct_opencl(const Problem& p, Direction direction) {
  if (std::string why = refuse_packed_conv_opencl(p, direction); !why.empty()) return why;
  const Dims& w = p.inputs[1].dims;
  const std::int64_t groups = p.attributes->integer("group", 1);
  const std::int64_t cout = direction == Direction::forward ? w[0] / groups : w[1];
  return cout < 3 ? "fewer than three output channels of a group" : "";
}

Launch prepare_conv_direct_opencl(const Problem& p, Direction direction) {
  const OpenclConv c = read_conv_opencl(p, direction);
  const DirectShape s = direct_shape(p, c);
  OpenclLaunch launch;
  pack_conv_opencl(launch, p, c, 1, s.vector, on_processor(p) ? Panels::many : Panels::one);
  KernelCall call("shared/opencl/conv_direct.cl", "conv_direct");
  call.define_type("T", p.outputs[0].dtype).activation(c.activation);
  call.define("VECTOR", s.vector).define("PIXELS", s.pixels);
  if (direction == Direction::transposed) call.define("TRANSPOSED", 1);
  if (s.quad) call.define("QUAD", 1);
  call.input(0).state(0).state(1);
  optional_input(call, c.residual, 3);
  call.output(0);
  conv_shape_arguments(call, c);
  const std::int64_t terms = c.g.taps() * c.g.cin_per_group();
  const std::int64_t step = on_processor(p) ? s.vector : s.blocks * s.vector;
  call.value(std::array{static_cast<std::int32_t>(on_processor(p) ? terms * s.vector : s.vector),
                        static_cast<std::int32_t>(step)});
  call.value(Int4{{static_cast<std::int32_t>(s.blocks), static_cast<std::int32_t>(s.sets),
                   static_cast<std::int32_t>(s.columns), static_cast<std::int32_t>(s.step)}});
  call.integer(conv_flags(c) | (on_processor(p) || !c.g.nhwc ? 16 : 0));
  call.over({s.blocks * s.sets, c.g.groups, 1}, {on_processor(p) ? 1u : 64u, 1, 1});
  launch.kernels.push_back(call.done());
  return launch;
}

double predict_conv_direct_opencl(const Problem& p, Direction direction) {
  const OpenclConv c = read_conv_opencl(p, direction);
  const DirectShape s = direct_shape(p, c);
  const double used = static_cast<double>(c.g.cout_per_group()) / static_cast<double>(s.blocks * s.vector);
  const auto items = static_cast<double>(s.blocks * s.sets * c.g.groups);
  // Sums of few items take as long as they are deep, however few there are.
  const double lanes = on_processor(p) ? 1 : 128, busy = std::min(1.0, items / (lanes * p.target->workers));
  const double share = (on_processor(p) ? 0.5 : s.quad ? 0.25 : 0.12) * used * std::max(busy, 1e-3);
  return 5e-6 + c.flops() / (share * opencl_flops(*p.target));
}

}  // namespace vireo::ops
