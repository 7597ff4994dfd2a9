#pragma once
// Softmax and the norms on OpenCL devices: all are statistics of lines, and then each element by them
// (opencl/normalize.cl). Used when a launch is prepared; any thread.

#include "engine/ops/shared/opencl_lines.h"

namespace vireo::ops {

enum class Normalization : std::uint8_t {  // the numbers of normalize.cl
  mean_variance,                           ///< (x - mean) / sqrt(variance + epsilon)
  root_mean_square,                        ///< x / sqrt(mean of squares + epsilon)
  deviation,                               ///< (x - mean) / (deviation + epsilon)
  l1_norm,                                 ///< x / norm, 0 where the norm is 0
  l2_norm,
  softmax,
  log_softmax,
  hardmax,
};

struct OpenclNorm {
  Normalization mode = Normalization::softmax;
  double epsilon = 0;
  Dims dims;                  ///< of x, or a finer cut of them
  std::vector<bool> along;    ///< which of them lines run along
  Dims x, y;                  ///< strides
  int scale = -1, bias = -1;  ///< inputs, and their strides
  Dims scale_strides, bias_strides;
  bool statistics = false;  ///< outputs 1 and 2, float32 and dense, are mean and factor of each line
};

/// Of groups of the channels at `axis` of each sample, with scale and bias of each channel as inputs 1 and 2.
[[nodiscard]] OpenclNorm channel_norm(const Problem& problem, std::size_t axis, std::int64_t groups);

/// Beside the types: that scale and bias have one, and that the axes can be walked.
[[nodiscard]] std::string refuse_norm(const Problem& problem, const OpenclNorm& norm);
[[nodiscard]] Launch prepare_norm(const Problem& problem, const OpenclNorm& norm, LineForm form);
[[nodiscard]] double predict_norm(const Problem& problem, const OpenclNorm& norm, LineForm form);

/// For the rows of an operator's table; `kPlan` says what its problem is.
template <OpenclNorm (*kPlan)(const Problem&)>
struct NormTactics {
  template <LineForm kForm>
  static Launch prepare(const Problem& p) {
    return prepare_norm(p, kPlan(p), kForm);
  }
  template <LineForm kForm>
  static double predict(const Problem& p) {
    return predict_norm(p, kPlan(p), kForm);
  }
};

}  // namespace vireo::ops
