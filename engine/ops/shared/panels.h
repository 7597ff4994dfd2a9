#pragma once
// A matrix of weights cut into panels of up to four vectors of columns, packed once, and the loop that multiplies
// blocks of rows by panels with the microkernels. What conv, conv_transpose, gemm and matmul have in common, each
// with its own addressing. PanelSet is immutable after construction; run_block is pure and may run concurrently.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/api/types.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/microkernel.h"

namespace vireo::ops {

struct Panel {
  int vectors = 0, tail = 0;  ///< tail: columns of the last vector
  bool half = false;          ///< the last vector is at most half full, and there are kernels for that
  std::int64_t column = 0;    ///< first column in C
  std::int64_t columns = 0;
  std::int64_t a_offset = 0;     ///< added to A: the group's first channel
  std::int64_t b_offset = 0;     ///< floats, in the packed weights
  std::int64_t bias_offset = 0;  ///< floats, in the packed bias
};

/// A part of the summation small enough that its share of a panel stays in the second-level cache while rows pass by.
struct DepthBlock {
  std::int64_t first_tap = 0, tap_count = 1;
  std::int64_t offset = 0;  ///< within a tap
  std::int64_t depth = 0;
  std::int64_t rows_before = 0;  ///< rows of B that earlier blocks used
};

struct PanelSet {
  const KernelSet* kernels = nullptr;
  std::vector<Panel> panels;
  std::vector<DepthBlock> blocks;
  std::vector<std::int64_t> taps;  ///< offsets in floats
  std::int64_t depth = 0;          ///< of one tap
  std::int64_t groups = 1;
  std::int64_t packed_floats = 0, bias_floats = 0;

  [[nodiscard]] std::int64_t total_depth() const { return depth * static_cast<std::int64_t>(taps.size()); }
};

/// The panels of `groups` blocks of `columns` columns each. `segment_rows` is how many rows of C are addressed alike
/// (one row of pixels, or all of a matrix): it decides how wide panels are. Depth blocks follow from taps and depth.
[[nodiscard]] PanelSet plan_panels(const KernelSet& kernels, std::int64_t columns, std::int64_t groups,
                                   std::int64_t a_group_step, std::vector<std::int64_t> taps, std::int64_t depth,
                                   std::int64_t segment_rows);

/// The microkernels of a panel, by rows.
[[nodiscard]] inline const Microkernel* kernels_of(const KernelSet& set, const Panel& panel) noexcept {
  return panel.half ? set.half[panel.vectors] : set.micro[panel.vectors];
}

/// Packs every panel: element(group, tap, k, column within the group) gives the weight, or the weights of
/// place k (pair_of) where the kernels take two.
template <typename F>
void pack_weights(const PanelSet& set, float* packed, F&& element) {
  const int width = set.kernels->width;
  const std::int64_t per_group = static_cast<std::int64_t>(set.panels.size()) / set.groups;
  for (std::size_t i = 0; i < set.panels.size(); ++i) {
    const Panel& panel = set.panels[i];
    const std::int64_t group = static_cast<std::int64_t>(i) / per_group;
    const std::int64_t first = panel.column - set.panels[static_cast<std::size_t>(group * per_group)].column;
    float* to = packed + panel.b_offset;
    for (std::int64_t t = 0; t < static_cast<std::int64_t>(set.taps.size()); ++t)
      for (std::int64_t k = 0; k < set.depth; ++k, to += panel.vectors * width)
        for (std::int64_t j = 0; j < panel.columns; ++j) to[j] = element(group, t, k, first + j);
  }
}
/// What a place holds where kernels take two values (KernelSet::values), rounded to nearest even.
[[nodiscard]] float pair_of(float first, float second) noexcept;

/// Everything that decides the layout of packed weights: for graph::packed().
[[nodiscard]] std::string layout_of(const PanelSet& set);
/// The type of packed weights, for graph::packed() too.
[[nodiscard]] inline DataType elements_of(const PanelSet& set) noexcept {
  return set.kernels->values > 1 ? DataType::bfloat16 : DataType::float32;
}
/// Bias in the order of the panels, zero where there is none.
void pack_bias(const PanelSet& set, const float* bias, float* packed);

/// What happens to a finished sum.
struct Epilogue {
  float lo = 0, hi = 0;  ///< clamp inside the microkernel
  bool residual_before = false, residual_after = false;
  bool finish = false;  ///< a second pass, still in cache, applies `activation` and the residual "after"
  ActivationSpec activation;
};
[[nodiscard]] Epilogue make_epilogue(const ActivationSpec& activation, bool has_residual, bool residual_before);

/// Rows come in segments (rows of pixels) of equal length. All distances in floats.
struct BlockArgs {
  const float* a = nullptr;
  std::int64_t a_stride = 0, a_segment = 0;
  float* c = nullptr;
  std::int64_t c_stride = 0, c_segment = 0;
  const float* residual = nullptr;
  std::int64_t residual_stride = 0, residual_segment = 0;
  std::int64_t residual_columns = std::numeric_limits<std::int64_t>::max();  ///< of C; zero in columns beyond
  std::int64_t segments = 1, segment_rows = 0;
  const float* packed = nullptr;
  const float* bias = nullptr;  ///< packed; null for none
  std::int64_t panel_begin = 0, panel_end = 0;
  bool fetch = false;  ///< C is far away: its lines are prefetched while the kernels multiply
};
void run_block(const PanelSet& set, const Epilogue& epilogue, const BlockArgs& block) noexcept;

/// Predicted seconds of one core for `rows` rows, cut as segments of `segment_rows`, times panels [begin, end).
[[nodiscard]] double block_seconds(const PanelSet& set, std::int64_t segments, std::int64_t segment_rows,
                                   std::int64_t begin, std::int64_t end);

}  // namespace vireo::ops
