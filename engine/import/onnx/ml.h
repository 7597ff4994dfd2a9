#pragma once
// What the handlers of ai.onnx.ml and of strings share. Where ONNX's text leaves open what an operator does, they do as
// ONNX Runtime does, with which the models of scikit-learn, XGBoost and LightGBM were checked when they were converted.
// Borrow the node for the length of one call.

#include <string>
#include <vector>

#include "engine/import/onnx/node.h"

namespace vireo::importer {

inline constexpr std::string_view kMlDomain = "ai.onnx.ml";

[[nodiscard]] ConstantPtr constant_of_texts(const std::vector<std::string>& texts, const Dims& dims);
[[nodiscard]] TensorId texts_constant(Node& node, const std::vector<std::string>& texts);
/// The number of each text of `x` in `pool`, int64, as `numbers` has it for those of the pool itself; -1 for others.
[[nodiscard]] TensorId numbered_texts(Node& node, TensorId x, const std::vector<std::string>& pool,
                                      std::vector<std::int64_t>& numbers);
[[nodiscard]] TensorId floats_constant(Node& node, const std::vector<double>& values, const Dims& dims);
[[nodiscard]] TensorId floats_constant(Node& node, const std::vector<double>& values);  ///< rank 1

/// A matrix of rows of features: one row [1, C] of rank 1.
[[nodiscard]] TensorId as_rows(Node& node, TensorId x);
[[nodiscard]] TensorId reduced(Node& node, std::string_view mode, TensorId x, std::int64_t axis);  ///< keeps the axis
/// The index of the largest entry of each row, int64 [rows]; of equal ones the first.
[[nodiscard]] TensorId largest_of_rows(Node& node, TensorId x);
[[nodiscard]] TensorId columns(Node& node, const std::vector<TensorId>& parts);  ///< one beside the other
[[nodiscard]] TensorId select(Node& node, TensorId condition, TensorId holds, TensorId fails);

/// The labels of a classifier's classes, a constant of int64 or string; their indices where the node names none.
struct ClassLabels {
  TensorId tensor = kNone;
  std::int64_t count = 0;  ///< that the node names
};
[[nodiscard]] ClassLabels class_labels(Node& node, std::string_view integers, std::string_view texts,
                                       std::int64_t classes);
/// The label of each index.
[[nodiscard]] TensorId labels_at(Node& node, const ClassLabels& labels, TensorId indices);

/// What `post_transform` makes of rows of scores: NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT.
[[nodiscard]] TensorId post_transform(Node& node, const std::string& transform, TensorId scores);
/// Two columns of the one score [rows, 1] of two classes. `complement`: the first is what misses to 1, else the
/// negative; LOGISTIC is of both in either case.
[[nodiscard]] TensorId two_columns(Node& node, const std::string& transform, TensorId score, bool complement);

}  // namespace vireo::importer
