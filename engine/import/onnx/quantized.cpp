#include "engine/import/onnx/quantized.h"

#include <algorithm>

namespace vireo::importer {
namespace {

/// A scale or zero point for each entry of one axis as a vector; one element stays as it is.
TensorId as_vector(Node& node, TensorId values) {
  if (values == kNone || node.rank(values) <= 1 || is_single(node, values)) return values;
  int longer = 0;
  for (const std::int64_t extent : node.dims(values)) longer += extent != 1 ? 1 : 0;
  if (longer > 1) node.refuse("scales or zero points that differ between the matrices of a batch");
  return node.reshape(values, {-1});
}

/// Zero points as the integer operators take them: of rank 0 or 1.
TensorId as_zero(Node& node, TensorId zero) {
  if (zero != kNone && is_single(node, zero) && node.rank(zero) > 1) return node.reshape(zero, {1});
  return as_vector(node, zero);
}

}  // namespace

bool is_single(const Node& node, TensorId tensor) {
  const Dims& dims = node.dims(tensor);
  return std::all_of(dims.begin(), dims.end(), [](std::int64_t extent) { return extent == 1; });
}

TensorId dequantize(Node& node, TensorId x, TensorId scale, TensorId zero, std::int64_t axis) {
  Attributes attributes;
  attributes.set("axis", axis);
  std::vector<TensorId> inputs{x, scale};
  if (zero != kNone) inputs.push_back(zero);
  return node.emit("dequantize_linear", std::move(inputs), std::move(attributes));
}

TensorId quantize(Node& node, TensorId x, TensorId scale, TensorId zero, DataType type) {
  Attributes attributes;
  std::vector<TensorId> inputs{x, scale};
  if (zero != kNone) inputs.push_back(zero);
  else attributes.set("output_dtype", std::string(to_string(type)));
  return node.emit("quantize_linear", std::move(inputs), std::move(attributes));
}

TensorId requantize(Node& node, TensorId sums, TensorId scale, TensorId zero, std::int64_t axis, DataType type) {
  Attributes attributes;
  attributes.set("axis", axis);
  attributes.set("multiply", std::int64_t{1});
  std::vector<TensorId> inputs{sums, scale};
  if (zero != kNone) inputs.push_back(zero);
  else attributes.set("output_dtype", std::string(to_string(type)));
  return node.emit("quantize_linear", std::move(inputs), std::move(attributes));
}

TensorId integer_product(Node& node, TensorId a, TensorId b, TensorId a_zero, TensorId b_zero) {
  std::vector<TensorId> inputs{a, b, as_zero(node, a_zero), as_zero(node, b_zero)};
  while (inputs.back() == kNone) inputs.pop_back();
  return node.emit("matmul_integer", std::move(inputs));
}

TensorId scaled_product(Node& node, TensorId a, TensorId b, TensorId a_scale, TensorId b_scale, TensorId a_zero,
                        TensorId b_zero) {
  const TensorId sums = integer_product(node, a, b, a_zero, b_zero);
  if (is_single(node, a_scale))
    return dequantize(node, sums, as_vector(node, node.binary("mul", a_scale, as_vector(node, b_scale))), kNone,
                      std::max(0, node.rank(sums) - 1));
  const TensorId rows = node.reshape(as_vector(node, a_scale), {-1, 1});
  const TensorId scale = node.binary("mul", rows, as_vector(node, b_scale));
  return node.binary("mul", node.cast(sums, node.dtype(scale)), scale);
}

Dynamic quantize_dynamically(Node& node, TensorId x) {
  const std::vector<TensorId> outputs = node.emit_many("dynamic_quantize_linear", {x}, {}, 3);
  return {outputs[0], outputs[1], outputs[2]};
}

}  // namespace vireo::importer
