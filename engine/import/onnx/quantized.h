#pragma once
// What the translations of quantised operators share (quantization.cpp: those of ai.onnx; quantized_microsoft.cpp).
// Sums of integer products stay integers; where an operator is defined by floats (additions, sigmoids, averages), it is
// dequantise → float operator → quantise. Borrowed for the length of one call.

#include "engine/import/onnx/handlers.h"

namespace vireo::importer {

/// One element, whatever the rank.
[[nodiscard]] bool is_single(const Node& node, TensorId tensor);
/// `zero` may be absent (kNone).
[[nodiscard]] TensorId dequantize(Node& node, TensorId x, TensorId scale, TensorId zero, std::int64_t axis = 0);
/// To the type of `zero`, and where there is none to `type`.
[[nodiscard]] TensorId quantize(Node& node, TensorId x, TensorId scale, TensorId zero, DataType type = DataType::uint8);
/// Sums of integers, times `scale` (one, or one for each entry of `axis`), as integers again.
[[nodiscard]] TensorId requantize(Node& node, TensorId sums, TensorId scale, TensorId zero, std::int64_t axis,
                                  DataType type);
/// A product of 8-bit integers less their zero points, in int32. Zero points have one element, or one for each row of a
/// or column of b.
[[nodiscard]] TensorId integer_product(Node& node, TensorId a, TensorId b, TensorId a_zero, TensorId b_zero);
/// The same as numbers: times the scales (one, or one for each row of a or column of b).
[[nodiscard]] TensorId scaled_product(Node& node, TensorId a, TensorId b, TensorId a_scale, TensorId b_scale,
                                      TensorId a_zero, TensorId b_zero);
/// The outputs of dynamic_quantize_linear.
struct Dynamic {
  TensorId bytes, scale, zero;
};
[[nodiscard]] Dynamic quantize_dynamically(Node& node, TensorId x);

}  // namespace vireo::importer
