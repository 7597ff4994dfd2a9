// Fourier transforms, windows, and the matrix from spectra to mel bands.

#include <numbers>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

/// The axis is an attribute before opset 20, by default the first behind the batch, then an input, by default the last
/// but that of real and imaginary parts.
void dft(Node& node) {
  std::vector<TensorId> inputs{node.input(0), node.optional(1), kNone};
  if (node.opset() < 20) inputs[2] = node.integers_constant({node.integer("axis", 1)});
  else if (node.has_input(2)) inputs[2] = node.input(2);
  while (inputs.back() == kNone) inputs.pop_back();
  node.result(0, node.emit("dft", std::move(inputs), node.copied({"inverse", "onesided"})));
}

void stft(Node& node) {
  TensorId signal = node.input(0);
  const graph::Tensor& info = node.info(signal);
  if (info.ranked && info.dims.size() == 2) signal = node.emit("unsqueeze", {signal, node.integers_constant({2})});
  std::vector<TensorId> inputs{signal, node.input(1), node.optional(2), node.optional(3)};
  while (inputs.back() == kNone) inputs.pop_back();
  Attributes attributes;
  attributes.set("onesided", node.integer("onesided", 1));
  node.result(0, node.emit("stft", std::move(inputs), std::move(attributes)));
}

/// a0 - a1 cos(t) + a2 cos(2 t), where t goes round once in as many steps as there are elements (`periodic`), or one
/// less.
void window(Node& node, double a0, double a1, double a2) {
  const std::int64_t number = node.integer("output_datatype", 1);
  const DataType type = dtype_from_onnx(number), wide = DataType::float64;
  if (size_of(type) == 0) node.refuse(base::str("a window of type ", onnx_dtype_name(number)));
  const TensorId size = node.cast(node.emit("squeeze", {node.input(0)}), wide);
  const TensorId one = node.scalar(1, wide);
  const TensorId steps =
      node.integer("periodic", 1) != 0 ? size : node.binary("max", node.binary("sub", size, one), one);
  const TensorId turn = node.binary("div", node.scalar(2 * std::numbers::pi, wide), steps);
  const TensorId angle = node.binary("mul", node.emit("range", {node.scalar(0, wide), size, one}), turn);
  const auto term = [&](TensorId at, double factor) {
    return node.binary("mul", node.unary("cos", at), node.scalar(factor, wide));
  };
  TensorId y = node.binary("sub", node.scalar(a0, wide), term(angle, a1));
  if (a2 != 0) y = node.binary("add", y, term(node.binary("mul", angle, node.scalar(2, wide)), a2));
  node.result(0, node.cast(y, type));
}

void hann(Node& node) { window(node, 0.5, 0.5, 0); }
void hamming(Node& node) { window(node, 25.0 / 46, 21.0 / 46, 0); }
void blackman(Node& node) { window(node, 0.42, 0.5, 0.08); }

void mel_weight_matrix(Node& node) {
  const std::int64_t number = node.integer("output_datatype", 1);
  const DataType type = dtype_from_onnx(number);
  if (size_of(type) == 0) node.refuse(base::str("a matrix of type ", onnx_dtype_name(number)));
  Attributes attributes;
  attributes.set("dtype", std::string(to_string(type)));
  std::vector<TensorId> inputs;
  for (int k = 0; k < 5; ++k) inputs.push_back(node.input(k));
  node.result(0, node.emit("mel_weight_matrix", std::move(inputs), std::move(attributes)));
}

constexpr Row kRows[] = {{"DFT", dft},
                         {"STFT", stft},
                         {"HannWindow", hann},
                         {"HammingWindow", hamming},
                         {"BlackmanWindow", blackman},
                         {"MelWeightMatrix", mel_weight_matrix}};

}  // namespace

std::span<const Row> signal_rows() { return kRows; }

}  // namespace vireo::importer
