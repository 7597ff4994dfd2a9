#pragma once
// Normalisation of float32 images over groups of channels of a sample (instance_norm: each channel its own group;
// group_norm), then scale and bias per channel: the plan and the kernels that both operators share. Planes: a group is
// one contiguous run, one tile. Pixels (NHWC): three phases over stripes of pixels with per-channel sums in the
// workspace. Light: kernel bodies include it.

#include <string>

#include "engine/graph/tactic.h"

namespace vireo::ops {

struct ChannelNormState {
  std::int64_t batch = 1, spatial = 1, channels = 1, groups = 1;
  std::int64_t in_pitch = 1, out_pitch = 1;   ///< pixels: between pixels
  std::int64_t stripes = 1, stripe = 1;       ///< pixels: of each sample
  float epsilon = 1e-5f;
};

struct ChannelNormKernels {
  graph::TileFunction planes, sums, squares, apply;
};
[[nodiscard]] ChannelNormKernels channel_norm_kernels_avx2();
[[nodiscard]] ChannelNormKernels channel_norm_kernels_avx512();
[[nodiscard]] ChannelNormKernels channel_norm_kernels_portable();

[[nodiscard]] std::string refuse_channel_norm(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_channel_norm(const graph::Problem& problem, std::int64_t groups,
                                                 const ChannelNormKernels& kernels);

}  // namespace vireo::ops
