#pragma once
// The table of ONNX operators: one row each, one file for each family. All versions of an operator share a row; the
// handler looks at Node::opset(). Immutable; any thread.

#include <span>
#include <string_view>

#include "engine/import/onnx/node.h"

namespace vireo::importer {

struct Row {
  std::string_view name;  ///< ONNX op_type
  void (*handle)(Node&);
  std::string_view domain = "";  ///< "" is ai.onnx
};

[[nodiscard]] std::span<const Row> elementwise_rows();
[[nodiscard]] std::span<const Row> convolution_rows();
[[nodiscard]] std::span<const Row> normalization_rows();
[[nodiscard]] std::span<const Row> reduction_rows();
[[nodiscard]] std::span<const Row> shape_rows();
[[nodiscard]] std::span<const Row> indexing_rows();
[[nodiscard]] std::span<const Row> source_rows();
[[nodiscard]] std::span<const Row> vision_rows();
[[nodiscard]] std::span<const Row> recurrent_rows();
[[nodiscard]] std::span<const Row> sequence_rows();
[[nodiscard]] std::span<const Row> loop_rows();
[[nodiscard]] std::span<const Row> quantization_rows();
[[nodiscard]] std::span<const Row> quantized_microsoft_rows();
[[nodiscard]] std::span<const Row> microsoft_rows();
[[nodiscard]] std::span<const Row> text_rows();
[[nodiscard]] std::span<const Row> ml_rows();
[[nodiscard]] std::span<const Row> ml_linear_rows();
[[nodiscard]] std::span<const Row> ml_tree_rows();
[[nodiscard]] std::span<const Row> loss_rows();
[[nodiscard]] std::span<const Row> random_rows();
[[nodiscard]] std::span<const Row> signal_rows();
[[nodiscard]] std::span<const Row> region_rows();
[[nodiscard]] std::span<const Row> uncommon_rows();
[[nodiscard]] std::span<const Row> transformer_rows();
[[nodiscard]] std::span<const Row> microsoft_attention_rows();

/// Null when no row names the operator.
[[nodiscard]] const Row* find_row(std::string_view domain, std::string_view name);

}  // namespace vireo::importer
