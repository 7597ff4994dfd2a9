#include "engine/ops/shared/panels.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/text.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Share of the second-level cache that a block of B may take, in bytes.
constexpr std::int64_t kBlockBytes = 128 << 10;

/// Issue slots of one depth step of a rows x vectors microkernel: multiply-adds, loads, or latency.
double step_slots(const KernelSet& kernels, std::int64_t rows, double vectors) {
  return std::max({static_cast<double>(rows) * vectors, static_cast<double>(rows) + vectors,
                   static_cast<double>(kernels.latency_slots)});
}

/// Slots of one depth step for a segment of rows, split evenly into microkernels.
double segment_slots(const KernelSet& kernels, std::int64_t rows, double vectors, std::int64_t& calls) {
  const std::int64_t most = kernels.max_rows[static_cast<int>(vectors + 0.5)];
  const std::int64_t chunks = (rows + most - 1) / most;
  calls = chunks;
  if (chunks == 0) return 0;
  const std::int64_t small = rows / chunks, large = rows % chunks;
  return static_cast<double>(large) * step_slots(kernels, small + 1, vectors) +
         static_cast<double>(chunks - large) * step_slots(kernels, small, vectors);
}

/// Depth as the kernels step through it.
std::int64_t stepped(const KernelSet& kernels, std::int64_t depth) {
  return (depth + kernels.depth_step - 1) / kernels.depth_step * kernels.depth_step;
}

/// Slots that a call costs besides its steps: set-up, and loads and stores of C.
double call_slots(std::int64_t rows, double vectors) { return 24.0 + 3.0 * static_cast<double>(rows) * vectors; }

double panel_slots(const KernelSet& kernels, std::int64_t segments, std::int64_t rows, double vectors,
                   std::int64_t depth, std::int64_t blocks) {
  std::int64_t calls = 0;
  const double steps = segment_slots(kernels, rows, vectors, calls);
  if (calls == 0) return 0;
  return static_cast<double>(segments) *
         (steps * static_cast<double>(depth) + static_cast<double>(blocks * calls) * call_slots(rows / calls, vectors));
}

/// Whether the last vector of this many columns is at most half full and there are kernels for that.
bool ends_half(const KernelSet& kernels, std::int64_t columns) {
  const std::int64_t tail = columns % kernels.width;
  return kernels.has_half && tail != 0 && tail * 2 <= kernels.width;
}

/// Widths of the panels that cover `vectors` vectors: as even as possible, none wider than `most`.
std::vector<int> split_vectors(std::int64_t vectors, int most) {
  const std::int64_t count = (vectors + most - 1) / most;
  std::vector<int> widths(static_cast<std::size_t>(count), static_cast<int>(vectors / count));
  for (std::int64_t i = 0; i < vectors % count; ++i) ++widths[static_cast<std::size_t>(i)];
  return widths;
}

}  // namespace

PanelSet plan_panels(const KernelSet& kernels, std::int64_t columns, std::int64_t groups, std::int64_t a_group_step,
                     std::vector<std::int64_t> taps, std::int64_t depth, std::int64_t segment_rows) {
  PanelSet set;
  set.kernels = &kernels;
  set.taps = std::move(taps);
  set.depth = depth;
  set.groups = groups;
  const std::int64_t vectors = (columns + kernels.width - 1) / kernels.width;
  const std::int64_t total_steps = stepped(kernels, depth) * static_cast<std::int64_t>(set.taps.size());
  int best = 1;
  double best_slots = 1e300;
  for (int most = 1; most <= kMaxVectors; ++most) {
    if (kernels.max_rows[most] == 0 || (most > 1 && most > vectors)) continue;
    double slots = 0;
    const std::vector<int> widths = split_vectors(vectors, most);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool half = i + 1 == widths.size() && ends_half(kernels, columns);
      slots += panel_slots(kernels, 1, std::max<std::int64_t>(segment_rows, 1), widths[i] - (half ? 0.5 : 0.0),
                           std::max<std::int64_t>(total_steps, 1), 1);
    }
    if (slots <= best_slots) {
      best = most;
      best_slots = slots;
    }
  }
  const std::vector<int> widths = split_vectors(vectors, best);
  for (std::int64_t g = 0; g < groups; ++g) {
    std::int64_t column = 0;
    for (const int width : widths) {
      Panel panel;
      panel.vectors = width;
      panel.columns = std::min<std::int64_t>(columns - column, width * kernels.width);
      panel.tail = static_cast<int>(panel.columns - (width - 1) * kernels.width);
      panel.half = kernels.has_half && panel.tail * 2 <= kernels.width;
      panel.column = g * columns + column;
      panel.a_offset = g * a_group_step;
      panel.b_offset = set.packed_floats;
      panel.bias_offset = set.bias_floats;
      set.packed_floats += set.total_depth() * width * kernels.width;
      set.bias_floats += width * kernels.width;
      column += panel.columns;
      set.panels.push_back(panel);
    }
  }
  const std::int64_t widest = widths.empty() ? 1 : widths[0];
  const std::int64_t most_rows = std::max<std::int64_t>(kBlockBytes / (widest * kernels.width * 4), 64);
  const auto tap_count = static_cast<std::int64_t>(set.taps.size());
  if (depth > most_rows * 3 / 2) {
    const std::int64_t parts = (depth + most_rows - 1) / most_rows;
    const std::int64_t whole = std::max(4, kernels.depth_step);
    const std::int64_t step = ((depth + parts - 1) / parts + whole - 1) / whole * whole;
    for (std::int64_t t = 0; t < tap_count; ++t)
      for (std::int64_t at = 0; at < depth; at += step)
        set.blocks.push_back({t, 1, at, std::min(step, depth - at), t * depth + at});
  } else {
    const std::int64_t most_taps = std::max<std::int64_t>(most_rows / std::max<std::int64_t>(depth, 1), 1);
    const std::int64_t parts = (tap_count + most_taps - 1) / most_taps;
    const std::int64_t step = (tap_count + parts - 1) / parts;
    for (std::int64_t t = 0; t < tap_count; t += step)
      set.blocks.push_back({t, std::min(step, tap_count - t), 0, depth, t * depth});
  }
  return set;
}

float pair_of(float first, float second) noexcept {
  return std::bit_cast<float>(BFloat(first).bits | static_cast<std::uint32_t>(BFloat(second).bits) << 16);
}

std::string layout_of(const PanelSet& set) {
  // Panels are even cuts of the columns of a group: their number says how wide they are.
  const std::int64_t columns = set.panels.empty() ? 0 : set.panels.back().column + set.panels.back().columns;
  return base::str("w", set.kernels->width, " g", set.groups, " t", set.taps.size(), " k", set.depth, " n", columns,
                   " p", set.panels.size(), " v", set.kernels->values);
}

void pack_bias(const PanelSet& set, const float* bias, float* packed) {
  for (const Panel& panel : set.panels) {
    float* to = packed + panel.bias_offset;
    std::memset(to, 0, static_cast<std::size_t>(panel.vectors * set.kernels->width) * sizeof(float));
    if (bias) std::memcpy(to, bias + panel.column, static_cast<std::size_t>(panel.columns) * sizeof(float));
  }
}

Epilogue make_epilogue(const ActivationSpec& activation, bool has_residual, bool residual_before) {
  Epilogue e;
  e.activation = activation;
  e.residual_before = has_residual && residual_before;
  e.residual_after = has_residual && !residual_before;
  const bool clamp = is_clamp(activation, e.lo, e.hi);
  if (clamp) e.activation = {};
  // Without an activation the two residuals are the same.
  if (e.residual_after && activation.kind == Activation::none) {
    e.residual_after = false;
    e.residual_before = true;
  }
  e.finish = !clamp || e.residual_after;
  return e;
}

namespace {

/// Prefetches the lines that the kernel will write while it multiplies.
void fetch(float* c, std::int64_t stride, std::int64_t rows, std::int64_t columns) noexcept {
  for (std::int64_t i = 0; i < rows; ++i, c += stride)
    for (std::int64_t j = 0; j < columns; j += 16) __builtin_prefetch(c + j, 1);
}

/// The first `columns` of a few rows of a residual, zeros up to `width`.
void widen(float* to, std::int64_t width, const float* from, std::int64_t stride, std::int64_t rows,
           std::int64_t columns) noexcept {
  for (std::int64_t i = 0; i < rows; ++i, to += width, from += stride) {
    std::memcpy(to, from, static_cast<std::size_t>(columns) * sizeof(float));
    std::memset(to + columns, 0, static_cast<std::size_t>(width - columns) * sizeof(float));
  }
}

}  // namespace

void run_block(const PanelSet& set, const Epilogue& epilogue, const BlockArgs& block) noexcept {
  const KernelSet& kernels = *set.kernels;
  for (std::int64_t p = block.panel_begin; p < block.panel_end; ++p) {
    const Panel& panel = set.panels[static_cast<std::size_t>(p)];
    const Microkernel* micro = kernels_of(kernels, panel);
    const std::int64_t most = kernels.max_rows[panel.vectors];
    const std::int64_t chunks = (block.segment_rows + most - 1) / most;
    if (chunks == 0) return;
    // Columns of this panel that have a residual; where only some have, it is copied and filled up.
    const std::int64_t with_residual =
        std::clamp<std::int64_t>(block.residual_columns - panel.column, 0, panel.columns);
    const bool partly = block.residual && with_residual > 0 && with_residual < panel.columns;
    float wide[kMaxRows * kMaxVectors * kMaxWidth];
    const std::int64_t wide_stride = panel.vectors * kernels.width;
    const std::int64_t small = block.segment_rows / chunks, large = block.segment_rows % chunks;
    for (std::size_t d = 0; d < set.blocks.size(); ++d) {
      const DepthBlock& depth = set.blocks[d];
      const bool last = d + 1 == set.blocks.size();
      MicrokernelArgs args;
      args.a_stride = block.a_stride;
      args.taps = set.taps.data() + depth.first_tap;
      args.tap_count = depth.tap_count;
      args.depth = depth.depth;
      args.b = block.packed + panel.b_offset + depth.rows_before * panel.vectors * kernels.width;
      args.c_stride = block.c_stride;
      args.bias = d == 0 && block.bias ? block.bias + panel.bias_offset : nullptr;
      args.residual_stride = partly ? wide_stride : block.residual_stride;
      args.lo = last ? epilogue.lo : -__builtin_inff();
      args.hi = last ? epilogue.hi : __builtin_inff();
      args.tail = panel.tail;
      args.accumulate = d > 0;
      // The block after this one is fetched while rows pass by, a part of it with each call.
      const std::int64_t floats = depth.tap_count * depth.depth * panel.vectors * kernels.width;
      const std::int64_t ahead = depth.tap_count * (depth.depth / 4) * 32;
      std::int64_t fetched = 0;
      std::int64_t configured = 0;
      for (std::int64_t s = 0; s < block.segments; ++s) {
        const float* a = block.a + s * block.a_segment + panel.a_offset + depth.offset;
        float* c = block.c + s * block.c_segment + panel.column;
        const float* r =
            block.residual && with_residual > 0 ? block.residual + s * block.residual_segment + panel.column : nullptr;
        for (std::int64_t i = 0; i < chunks; ++i) {
          const std::int64_t rows = small + (i < large ? 1 : 0);
          args.a = a;
          args.c = c;
          const float* residual = last ? r : nullptr;
          if (residual && partly) {
            widen(wide, wide_stride, r, block.residual_stride, rows, with_residual);
            residual = wide;
          }
          args.residual = epilogue.residual_before ? residual : nullptr;
          if (kernels.configure && rows != configured) kernels.configure(configured = rows, depth.depth);
          args.next_step = fetched < floats ? 32 : 0;
          args.next = args.b + (fetched < floats ? floats + fetched : 0);
          fetched += ahead;
          if (block.fetch && d == 0) fetch(c, block.c_stride, rows, panel.columns);
          micro[rows](args);
          if (last && epilogue.finish)
            kernels.finish(c, block.c_stride, rows, panel.columns, epilogue.activation,
                           epilogue.residual_after ? residual : nullptr, args.residual_stride);
          a += rows * block.a_stride;
          c += rows * block.c_stride;
          if (r) r += rows * block.residual_stride;
        }
      }
    }
  }
  if (kernels.release) kernels.release();
}

double block_seconds(const PanelSet& set, std::int64_t segments, std::int64_t segment_rows, std::int64_t begin,
                     std::int64_t end) {
  const std::int64_t steps = stepped(*set.kernels, set.depth) * static_cast<std::int64_t>(set.taps.size());
  double slots = 0;
  for (std::int64_t p = begin; p < end; ++p) {
    const Panel& panel = set.panels[static_cast<std::size_t>(p)];
    slots += panel_slots(*set.kernels, segments, segment_rows, panel.vectors - (panel.half ? 0.5 : 0.0), steps,
                         static_cast<std::int64_t>(set.blocks.size()));
  }
  return slots * 2.0 * set.kernels->width * set.kernels->values / set.kernels->flops_per_second;
}

}  // namespace vireo::ops
