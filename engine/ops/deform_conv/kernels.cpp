// The picture is first written channels-last; a tile then samples what the taps of some output pixels read, all
// channels of a tap in vectors, into rows of scratch (one row a pixel, taps outside, channels inside), and multiplies
// them by the packed weights. Points and their weights are computed once for each tap and offset group, not for each
// channel.
#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/packed_weights.h"
#include "engine/ops/deform_conv/deform_conv.h"
#include "engine/ops/shared/blend.h"
#include "engine/ops/shared/panels.h"
#include "engine/ops/shared/transpose_blocks.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kTurnedPixels = 256;

struct State {
  DeformConv d;
  PanelSet set;
  Epilogue epilogue;
  BlendRun blend = nullptr;
  std::shared_ptr<const std::byte> memory;
  const float* packed = nullptr;  ///< null: packed by a phase into the workspace
  bool has_bias = false, has_mask = false;
  std::int64_t depth = 0, block = 0, columns = 0;  ///< of a row; pixels of a tile; floats of a row of results
  std::int64_t turned = 0;                         ///< floats of the workspace that the channels-last picture takes
  [[nodiscard]] std::int64_t blocks() const { return (d.g.out_pixels() + block - 1) / block; }
  [[nodiscard]] std::int64_t turns() const { return (d.g.in_pixels() + kTurnedPixels - 1) / kTurnedPixels; }
};

void pack(const State& s, const float* weights, const float* bias, float* packed) {
  const std::int64_t cin = s.d.g.cin_per_group(), taps = s.d.g.taps();
  pack_weights(s.set, packed, [&](std::int64_t group, std::int64_t, std::int64_t k, std::int64_t j) {
    return weights[((group * s.d.g.cout_per_group() + j) * cin + k % cin) * taps + k / cin];
  });
  if (bias) pack_bias(s.set, bias, packed + s.set.packed_floats);
}

void run_pack(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  pack(s, static_cast<const float*>(args.inputs[1]), s.has_bias ? static_cast<const float*>(args.inputs[3]) : nullptr,
       reinterpret_cast<float*>(args.workspace) + s.turned);
}

void run_turn(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.d.g;
  const std::int64_t n = args.tile / s.turns(), first = args.tile % s.turns() * kTurnedPixels,
                     count = std::min(kTurnedPixels, g.in_pixels() - first);
  const auto* x = static_cast<const std::uint32_t*>(args.inputs[0]) + n * g.cin * g.in_pixels() + first;
  auto* y = reinterpret_cast<std::uint32_t*>(args.workspace) + (n * g.in_pixels() + first) * g.cin;
  transpose_blocks(x, g.in_pixels(), y, g.cin, g.cin, count);
}

/// One row of scratch: what all taps of a group read for one output pixel.
void sample_row(const State& s, const float* picture, const float* offsets, const float* mask, std::int64_t group,
                std::int64_t pixel, float* row) noexcept {
  const ConvGeometry& g = s.d.g;
  const std::int64_t taps = g.taps(), pixels = g.out_pixels(), cin = g.cin_per_group(), first = group * cin,
                     per_offset_group = g.cin / s.d.offset_groups;
  const std::int64_t top = pixel / g.out[2] * g.stride[1] - g.pad_begin[1],
                     left = pixel % g.out[2] * g.stride[2] - g.pad_begin[2];
  for (std::int64_t begin = first; begin < first + cin;) {
    const std::int64_t offset_group = begin / per_offset_group,
                       end = std::min(first + cin, (offset_group + 1) * per_offset_group);
    for (std::int64_t t = 0; t < taps; ++t) {
      const std::int64_t at = offset_group * taps + t;
      const float* offset = offsets + at * 2 * pixels + pixel;
      DeformPoint point = deform_point(
          static_cast<double>(top + t / g.kernel[2] * g.dilation[1]) + static_cast<double>(offset[0]),
          static_cast<double>(left + t % g.kernel[2] * g.dilation[2]) + static_cast<double>(offset[pixels]), g.in[1],
          g.in[2]);
      float* const to = row + t * cin + begin - first;
      if (!point.inside) {
        std::fill(to, to + end - begin, 0.0f);
        continue;
      }
      const float* from[4];
      for (int k = 0; k < 4; ++k) {
        from[k] = picture + point.pixels[k] * g.cin + begin;
        if (mask) point.weights[k] *= mask[at * pixels + pixel];
      }
      s.blend(to, from, point.weights, end - begin, false);
    }
    begin = end;
  }
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const ConvGeometry& g = s.d.g;
  const std::int64_t first = args.tile % s.blocks() * s.block, count = std::min(s.block, g.out_pixels() - first);
  const std::int64_t group = args.tile / s.blocks() % g.groups, n = args.tile / s.blocks() / g.groups;
  const std::int64_t taps = s.d.offset_groups * g.taps(), pixels = g.out_pixels(), cout = g.cout_per_group();
  auto* rows = reinterpret_cast<float*>(args.scratch);
  float* results = rows + s.block * s.depth;
  const auto* workspace = reinterpret_cast<const float*>(args.workspace);
  const float* picture = workspace + n * g.in_pixels() * g.cin;
  const float* offsets = static_cast<const float*>(args.inputs[2]) + n * taps * 2 * pixels;
  const float* mask = s.has_mask ? static_cast<const float*>(args.inputs[4]) + n * taps * pixels : nullptr;
  for (std::int64_t i = 0; i < count; ++i) sample_row(s, picture, offsets, mask, group, first + i, rows + i * s.depth);
  BlockArgs block;
  block.a = rows;
  block.a_stride = s.depth;
  block.c = results - group * cout;
  block.c_stride = s.columns;
  block.segment_rows = count;
  block.packed = s.packed ? s.packed : workspace + s.turned;
  block.bias = s.has_bias ? block.packed + s.set.packed_floats : nullptr;
  const std::int64_t panels = static_cast<std::int64_t>(s.set.panels.size()) / g.groups;
  block.panel_begin = group * panels;
  block.panel_end = block.panel_begin + panels;
  run_block(s.set, s.epilogue, block);
  auto* y = static_cast<std::uint32_t*>(args.outputs[0]) + (n * g.cout + group * cout) * pixels + first;
  transpose_blocks(reinterpret_cast<const std::uint32_t*>(results), s.columns, y, pixels, count, cout);
}

bool present(const Problem& p, std::size_t k) { return p.inputs.size() > k && p.inputs[k].present(); }

State plan(const Problem& p, const KernelSet& kernels) {
  State s;
  s.d = deform_conv_shape(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  const ConvGeometry& g = s.d.g;
  s.has_bias = present(p, 3);
  s.has_mask = present(p, 4);
  s.epilogue = make_epilogue({}, false, false);
  s.depth = g.cin_per_group() * g.taps();
  s.columns = (g.cout_per_group() + kernels.width - 1) / kernels.width * kernels.width;
  s.block = std::clamp<std::int64_t>((128 << 10) / std::max<std::int64_t>(s.depth, 1), 1, 112);
  s.block = std::min(s.block, std::max<std::int64_t>(g.out_pixels() / p.workers, 1));
  s.set = plan_panels(kernels, g.cout_per_group(), g.groups, 0, {0}, s.depth, s.block);
  s.turned = g.batch * g.in_pixels() * g.cin;
  return s;
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& d : p.inputs) {
    if (d.present() && d.dtype != DataType::float32) return base::str("an input is ", d.dtype, ", not float32");
    if (d.present() && !d.dense()) return "an input has gaps";
  }
  if (!p.outputs[0].dense()) return "the output has gaps";
  if (p.outputs[0].count() == 0 || p.inputs[0].count() == 0 || p.inputs[1].count() == 0) return "an extent is 0";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (p.inputs[1].dims[0] > kMostColumns || p.inputs[1].count() / p.inputs[1].dims[0] > kMostDepth)
    return "more columns or a longer sum than panels are made for";
  if (present(p, 3) && (p.inputs[1].constant == nullptr) != (p.inputs[3].constant == nullptr))
    return "only one of weights and bias is constant";
  return {};
}

Launch prepare(const Problem& p, const KernelSet& kernels, BlendRun blend) {
  auto s = std::make_shared<State>(plan(p, kernels));
  s->blend = blend;
  const std::int64_t floats = s->set.packed_floats + (s->has_bias ? s->set.bias_floats : 0);
  const auto bytes = static_cast<std::size_t>(floats) * sizeof(float);
  CpuLaunch launch;
  launch.phases.push_back({run_turn, s->d.g.batch * s->turns()});
  launch.workspace_bytes = static_cast<std::size_t>(s->turned) * sizeof(float) + 64;
  if (p.inputs[1].constant) {
    s->memory = graph::packed(
        p, base::str("deform_conv ", layout_of(s->set)), elements_of(s->set), {1, 3}, bytes, [&](std::byte* block) {
          pack(*s, p.inputs[1].constant->as<float>(), s->has_bias ? p.inputs[3].constant->as<float>() : nullptr,
               reinterpret_cast<float*>(block));
        });
    s->packed = reinterpret_cast<const float*>(s->memory.get());
    launch.state_bytes = bytes;
    launch.unread_inputs = 0b1010;
  } else {
    launch.phases.push_back({run_pack, 1});
    launch.workspace_bytes += bytes;
  }
  launch.phases.push_back({run_tile, s->d.g.batch * s->d.g.groups * s->blocks()});
  launch.scratch_bytes = static_cast<std::size_t>(s->block * (s->depth + s->columns)) * sizeof(float) + 128;
  launch.state = std::move(s);
  return launch;
}

template <const KernelSet& (*kSet)(), BlendRun (*kBlend)()>
Launch prepare_for(const Problem& p) {
  return prepare(p, kSet(), kBlend());
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "deform_conv_sampled_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare_for<kernel_set_avx512, blend_avx512>},
    {.name = "deform_conv_sampled_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare_for<kernel_set_avx2, blend_avx2>},
#endif
    {.name = "deform_conv_sampled_portable",
     .refuse = refuse,
     .prepare = prepare_for<kernel_set_portable, blend_portable>},
};

}  // namespace

std::span<const Tactic> deform_conv_tactics() { return kTactics; }

}  // namespace vireo::ops
