// Convolution of any layout, any number of spatial axes, and weights that may only be known at run time: a tile gathers
// the inputs under some output pixels into rows of scratch (one row a pixel, all taps of one group), multiplies them by
// the packed weights and writes the result where the layout wants it. For what the channels-last tactics refuse; the
// gathering costs about as much as the products of 64 output channels.
#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/conv/conv.h"
#include "engine/ops/shared/panels.h"

namespace vireo::ops {
namespace {

using graph::Desc;
using graph::Launch;
using graph::Problem;
using graph::TileArgs;

struct State {
  ConvGeometry g;
  ActivationStrides xs{}, ys{};
  PanelSet set;
  Epilogue epilogue;
  std::shared_ptr<const std::byte> memory;
  const float* packed = nullptr;  ///< null: packed by phase 0 into the workspace
  bool has_bias = false, has_residual = false;
  std::int64_t depth = 0;    ///< channels of a group times taps
  std::int64_t block = 0;    ///< pixels of a tile
  std::int64_t columns = 0;  ///< floats of a row of results in scratch
  [[nodiscard]] std::int64_t panels_per_group() const {
    return static_cast<std::int64_t>(set.panels.size()) / g.groups;
  }
  [[nodiscard]] std::int64_t blocks() const { return (g.out_pixels() + block - 1) / block; }
  [[nodiscard]] std::int64_t scratch_floats() const { return block * (depth + 2 * columns) + 2 * g.taps(); }
};

void pack(const State& s, const float* weights, const float* bias, float* packed) {
  pack_weights(s.set, packed, [&](std::int64_t group, std::int64_t, std::int64_t k, std::int64_t j) {
    return weights[(group * s.g.cout_per_group() + j) * s.depth + k];
  });
  if (bias) pack_bias(s.set, bias, packed + s.set.packed_floats);
}

void run_pack(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  pack(s, static_cast<const float*>(args.inputs[1]), s.has_bias ? static_cast<const float*>(args.inputs[2]) : nullptr,
       reinterpret_cast<float*>(args.workspace));
}

Spatial position(const ConvGeometry& g, std::int64_t pixel) {
  return {pixel / (g.out[1] * g.out[2]), pixel / g.out[2] % g.out[1], pixel % g.out[2]};
}

/// Offset of every tap of one output pixel in the input image, -1 outside of it.
void tap_offsets(const State& s, const Spatial& o, std::int64_t* offsets) {
  const ConvGeometry& g = s.g;
  std::int64_t at = 0;
  for (std::int64_t kd = 0; kd < g.kernel[0]; ++kd)
    for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh)
      for (std::int64_t kw = 0; kw < g.kernel[2]; ++kw, ++at) {
        const Spatial k{kd, kh, kw};
        offsets[at] = 0;
        for (std::size_t a = 0; a < 3; ++a) {
          const std::int64_t p = o[a] * g.stride[a] - g.pad_begin[a] + k[a] * g.dilation[a];
          if (p < 0 || p >= g.in[a]) {
            offsets[at] = -1;
            break;
          }
          offsets[at] += p * s.xs.space[a];
        }
      }
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.g;
  const std::int64_t blocks = s.blocks(), taps = g.taps(), cin = g.cin_per_group(), cout = g.cout_per_group();
  const std::int64_t first = args.tile % blocks * s.block, count = std::min(s.block, g.out_pixels() - first);
  const std::int64_t group = args.tile / blocks % g.groups, n = args.tile / blocks / g.groups;
  auto* rows = reinterpret_cast<float*>(args.scratch);
  float* results = rows + s.block * s.depth;
  float* residuals = results + s.block * s.columns;
  auto* offsets = reinterpret_cast<std::int64_t*>(args.scratch + (s.block * (s.depth + 2 * s.columns) + 1) / 2 * 8);
  const auto* x = static_cast<const float*>(args.inputs[0]) + n * s.xs.batch + group * cin * s.xs.channel;
  const std::int64_t y =
      n * s.ys.batch + group * cout * s.ys.channel;  // the space axes of the output are contiguous pixels
  const auto* residual = s.has_residual ? static_cast<const float*>(args.inputs[3]) + y : nullptr;
  for (std::int64_t i = 0; i < count; ++i) {
    tap_offsets(s, position(g, first + i), offsets);
    float* row = rows + i * s.depth;
    for (std::int64_t c = 0; c < cin; ++c)
      for (std::int64_t t = 0; t < taps; ++t) *row++ = offsets[t] < 0 ? 0.0f : x[c * s.xs.channel + offsets[t]];
    if (!residual) continue;
    for (std::int64_t j = 0; j < cout; ++j)
      residuals[i * s.columns + j] = residual[j * s.ys.channel + (first + i) * s.ys.space[2]];
  }
  BlockArgs block;
  block.a = rows;
  block.a_stride = s.depth;
  block.c = results - group * cout;
  block.c_stride = s.columns;
  if (residual) block.residual = residuals - group * cout;
  block.residual_stride = s.columns;
  block.segment_rows = count;
  block.packed = s.packed ? s.packed : reinterpret_cast<const float*>(args.workspace);
  block.bias = s.has_bias ? block.packed + s.set.packed_floats : nullptr;
  block.panel_begin = group * s.panels_per_group();
  block.panel_end = block.panel_begin + s.panels_per_group();
  run_block(s.set, s.epilogue, block);
  float* out = static_cast<float*>(args.outputs[0]) + y;
  for (std::int64_t j = 0; j < cout; ++j)
    for (std::int64_t i = 0; i < count; ++i)
      out[j * s.ys.channel + (first + i) * s.ys.space[2]] = results[i * s.columns + j];
}

bool present(const Problem& p, std::size_t i) { return p.inputs.size() > i && p.inputs[i].present(); }

State plan(const Problem& p, const KernelSet& kernels) {
  State s;
  s.g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  const ConvGeometry& g = s.g;
  s.xs = activation_strides(g.nhwc, g.cin, g.in);
  s.ys = activation_strides(g.nhwc, g.cout, g.out);
  s.has_bias = present(p, 2);
  s.has_residual = present(p, 3);
  s.epilogue =
      make_epilogue(activation_of(*p.attributes), s.has_residual, p.attributes->text("residual", "") == "before");
  s.depth = g.cin_per_group() * g.taps();
  s.columns = (g.cout_per_group() + kernels.width - 1) / kernels.width * kernels.width;
  s.block = std::clamp<std::int64_t>((48 << 10) / std::max<std::int64_t>(s.depth, 1), 1, 56);
  s.block = std::min(s.block, std::max<std::int64_t>(g.out_pixels() / p.workers, 1));
  s.set = plan_panels(kernels, g.cout_per_group(), g.groups, 0, {0}, s.depth, s.block);
  return s;
}

}  // namespace

std::string refuse_gathered(const Problem& p) {
  for (const Desc& d : p.inputs) {
    if (d.present() && d.dtype != DataType::float32) return base::str("an input is ", d.dtype, ", not float32");
    if (d.present() && !d.dense()) return "an input has gaps";
  }
  if (!p.outputs[0].dense()) return "the output has gaps";
  if (std::string why = refuse_narrow_residual(p); !why.empty()) return why;
  if (p.outputs[0].count() == 0 || p.inputs[0].count() == 0) return "an extent is 0";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (p.inputs[1].dims[0] > kMostColumns || p.inputs[1].count() / p.inputs[1].dims[0] > kMostDepth)
    return "more columns or a longer sum than panels are made for";
  if (present(p, 2) && (p.inputs[1].constant == nullptr) != (p.inputs[2].constant == nullptr))
    return "only one of weights and bias is constant";
  return {};
}

double predict_gathered(const Problem& problem, const KernelSet& kernels) {
  const State s = plan(problem, kernels);
  const auto tiles = static_cast<double>(s.g.batch * s.g.groups * s.blocks());
  return tiles *
         (block_seconds(s.set, 1, s.block, 0, s.panels_per_group()) + static_cast<double>(s.block * s.depth) * 1.2e-9 +
          1e-6) /
         problem.workers;
}

Launch prepare_gathered(const Problem& p, const KernelSet& kernels) {
  auto s = std::make_shared<State>(plan(p, kernels));
  const std::int64_t floats = s->set.packed_floats + (s->has_bias ? s->set.bias_floats : 0);
  const auto bytes = static_cast<std::size_t>(floats) * sizeof(float);
  graph::CpuLaunch launch;
  if (p.inputs[1].constant) {
    s->memory = graph::packed(
        p, base::str("conv_gathered ", layout_of(s->set)), elements_of(s->set), {1, 2}, bytes, [&](std::byte* block) {
          pack(*s, p.inputs[1].constant->as<float>(), s->has_bias ? p.inputs[2].constant->as<float>() : nullptr,
               reinterpret_cast<float*>(block));
        });
    s->packed = reinterpret_cast<const float*>(s->memory.get());
    launch.state_bytes = bytes;
    launch.unread_inputs = 0b110;
  } else {
    launch.phases.push_back({run_pack, 1});
    launch.workspace_bytes = bytes + 64;
  }
  launch.phases.push_back({run_tile, s->g.batch * s->g.groups * s->blocks()});
  launch.scratch_bytes = static_cast<std::size_t>(s->scratch_floats()) * sizeof(float) + 128;
  launch.state = std::move(s);
  return launch;
}

}  // namespace vireo::ops
