#pragma once
// Parts of the operator conv that its files share: the problem as kernels read it, and the families of tactics. Any
// thread.

#include <span>
#include <string>

#include "engine/graph/tactic.h"
#include "engine/ops/conv/depthwise.h"
#include "engine/ops/conv/winograd.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/microkernel.h"

namespace vireo::ops {

[[nodiscard]] std::span<const graph::Tactic> conv_tactics();

/// A channels-last float32 convolution over at most two spatial axes with known weights.
struct ConvProblem {
  ConvGeometry g;
  std::int64_t x_pitch = 0, y_pitch = 0, r_pitch = 0;  ///< floats between pixels
  const graph::Constant* weights = nullptr;
  const graph::Constant* bias = nullptr;
  ActivationSpec activation;
  bool has_residual = false, residual_before = false;
  std::int64_t residual_channels = 0;  ///< may be fewer than the output's: the others are zero
  int workers = 1;
};
/// Why this is not such a problem; empty when it is.
[[nodiscard]] std::string refuse_conv(const graph::Problem& problem);
/// Why its residual lacks channels of the output; empty when it has all, or when there is none.
[[nodiscard]] std::string refuse_narrow_residual(const graph::Problem& problem);
[[nodiscard]] ConvProblem read_conv(const graph::Problem& problem);

/// Direct convolution through the microkernels: any kernel, stride, dilation, padding and (but for pairs) grouping.
[[nodiscard]] std::string refuse_direct(const graph::Problem& problem, const KernelSet& kernels);
[[nodiscard]] graph::Launch prepare_direct(const graph::Problem& problem, const KernelSet& kernels);
[[nodiscard]] double predict_direct(const graph::Problem& problem, const KernelSet& kernels);

/// One output for each channel, any kernel.
[[nodiscard]] std::string refuse_depthwise(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_depthwise(const graph::Problem& problem, const KernelSet& kernels,
                                              DepthwiseKernels (*pick)(std::int64_t, std::int64_t, std::int64_t));
[[nodiscard]] double predict_depthwise(const graph::Problem& problem, const KernelSet& kernels);

/// 3x3, stride 1, by Winograd's F(m x m, 3x3), m being what the transforms make (`out`): winograd.h.
[[nodiscard]] std::string refuse_winograd(const graph::Problem& problem);
/// The same, and not where 64 points of the weights are more than a cache holds: streaming them then costs more than
/// 6x6 saves in products over 4x4, in time where maps are small, in memory everywhere.
[[nodiscard]] std::string refuse_winograd_6x6(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_winograd(const graph::Problem& problem, const KernelSet& kernels,
                                             const WinogradKernels& transforms);
[[nodiscard]] double predict_winograd(const graph::Problem& problem, const KernelSet& kernels, int out);
/// The (out + 2)^2 points of a 3x3 kernel: G k G^T.
void winograd_points(int out, const float* kernel, double* points);
/// Relative L2 error of F(out x out, 3x3) in float32 with these weights [cout, cin, 3, 3], against sums in double, for
/// inputs like those after a ReLU and up to 16 of the output channels. The same on every processor.
[[nodiscard]] double winograd_error(const graph::Constant& weights, int out);
/// The largest such error that a layer may have.
inline constexpr double kWinogradError = 1e-5;
/// Why that error, which is kept in the plan, is too large; empty when it is not.
[[nodiscard]] std::string admit_winograd(const graph::Problem& problem, int out);

/// Any layout, rank and grouping, weights known or not: for what the others refuse.
[[nodiscard]] std::string refuse_gathered(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_gathered(const graph::Problem& problem, const KernelSet& kernels);
[[nodiscard]] double predict_gathered(const graph::Problem& problem, const KernelSet& kernels);

/// On OpenCL devices: any layout, rank and grouping, an item an output element; some pixels of some channels an item,
/// from packed weights; products of tiles through local memory, channels-last; depthwise, channels-last.
[[nodiscard]] std::string refuse_conv_any_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_any_opencl(const graph::Problem& problem);
[[nodiscard]] double predict_conv_any_opencl(const graph::Problem& problem);
[[nodiscard]] std::string refuse_conv_direct_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_direct_opencl(const graph::Problem& problem);
[[nodiscard]] double predict_conv_direct_opencl(const graph::Problem& problem);
[[nodiscard]] std::string refuse_conv_gemm_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_gemm_opencl(const graph::Problem& problem);
[[nodiscard]] double predict_conv_gemm_opencl(const graph::Problem& problem);
[[nodiscard]] std::string refuse_conv_depthwise_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_depthwise_opencl(const graph::Problem& problem);
[[nodiscard]] double predict_conv_depthwise_opencl(const graph::Problem& problem);

}  // namespace vireo::ops
