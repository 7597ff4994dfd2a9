#include "engine/import/onnx/parts.h"

#include "engine/base/text.h"

namespace vireo::importer {
namespace {

Attributes at_axis(int axis) {
  Attributes attributes;
  attributes.set("axis", std::int64_t{axis});
  return attributes;
}

}  // namespace

std::int64_t known_extent(Node& node, TensorId x, int axis) { return node.dims(x)[static_cast<std::size_t>(axis)]; }

TensorId extent(Node& node, TensorId x, int axis) {
  if (const std::int64_t known = known_extent(node, x, axis); known >= 0) return node.integers_constant({known});
  Attributes attributes;
  attributes.set("start", std::int64_t{axis});
  attributes.set("end", std::int64_t{axis + 1});
  return node.emit("shape", {x}, std::move(attributes));
}

TensorId transposed(Node& node, TensorId x, const std::vector<std::int64_t>& perm) {
  Attributes attributes;
  attributes.set("perm", perm);
  return node.emit("transpose", {x}, std::move(attributes));
}

TensorId concatenated(Node& node, std::vector<TensorId> parts, int axis) {
  return node.emit("concat", std::move(parts), at_axis(axis));
}

TensorId sliced(Node& node, TensorId x, int axis, TensorId begin, TensorId end) {
  return node.emit("slice", {x, begin, end, node.integers_constant({axis})});
}

TensorId sliced(Node& node, TensorId x, int axis, std::int64_t begin, std::int64_t end) {
  return sliced(node, x, axis, node.integers_constant({begin}), node.integers_constant({end}));
}

std::vector<TensorId> parts_of(Node& node, TensorId x, int axis, const std::vector<std::int64_t>& sizes) {
  Attributes attributes = at_axis(axis);
  attributes.set("split", sizes);
  return node.emit_many("split", {x}, std::move(attributes), static_cast<int>(sizes.size()));
}

TensorId gathered(Node& node, TensorId x, TensorId indices, int axis) {
  return node.emit("gather", {x, indices}, at_axis(axis));
}

TensorId entry(Node& node, TensorId x, int axis, std::int64_t at) {
  return gathered(node, x, node.add_constant(graph::make_constant(DataType::int64, {}, &at, sizeof at)), axis);
}

TensorId unsqueezed(Node& node, TensorId x, const std::vector<std::int64_t>& axes) {
  return node.emit("unsqueeze", {x, node.integers_constant(axes)});
}

TensorId reduced(Node& node, std::string_view mode, TensorId x, const std::vector<std::int64_t>& axes, bool keep) {
  Attributes attributes;
  attributes.set("mode", std::string(mode));
  attributes.set("keepdims", std::int64_t{keep});
  return node.emit("reduce", {x, node.integers_constant(axes)}, std::move(attributes));
}

TensorId selected(Node& node, TensorId condition, TensorId yes, TensorId no) {
  return node.emit("where", {condition, yes, no});
}

TensorId counted(Node& node, TensorId count) {
  const auto single = [&](std::int64_t value) {
    return node.add_constant(graph::make_constant(DataType::int64, {}, &value, sizeof value));
  };
  return node.emit("range", {single(0), node.reshape(count, {}), single(1)});
}

TensorId padded_to(Node& node, TensorId x, int axis, TensorId to) {
  const TensorId own = extent(node, x, axis);
  const ConstantPtr have = node.info(own).constant, want = node.info(to).constant;
  if (have && want && graph::to_integers(*have)[0] >= graph::to_integers(*want)[0]) return x;
  const TensorId zero = node.integers_constant({0}), missing = node.binary("max", node.binary("sub", to, own), zero);
  Attributes attributes;
  attributes.set("mode", std::string("constant"));
  return node.emit("pad", {x, concatenated(node, {zero, missing}, 0), kNone, node.integers_constant({axis})},
                   std::move(attributes));
}

TensorId heads_apart(Node& node, TensorId x, std::int64_t heads) {
  node.require(heads > 0, "the number of heads should be positive");
  const std::int64_t all = known_extent(node, x, 2);
  node.require(all < 0 || all % heads == 0, base::str(all, " elements of an entry in ", heads, " heads"));
  return transposed(node, node.reshape(x, {0, 0, heads, all < 0 ? -1 : all / heads}), {0, 2, 1, 3});
}

TensorId heads_together(Node& node, TensorId x) {
  const std::int64_t heads = known_extent(node, x, 1), depth = known_extent(node, x, 3);
  return node.reshape(transposed(node, x, {0, 2, 1, 3}), {0, 0, heads < 0 || depth < 0 ? -1 : heads * depth});
}

TensorId biased(Node& node, TensorId x, TensorId bias) { return bias == kNone ? x : node.binary("add", x, bias); }

DataType float_attribute(Node& node, std::string_view name, DataType fallback) {
  if (!node.has(name)) return fallback;
  const std::int64_t number = node.integer(name, 1);
  const DataType type = dtype_from_onnx(number);
  node.require(is_float(type), base::str(name, " should be a floating-point type, not ", onnx_dtype_name(number)));
  return type;
}

}  // namespace vireo::importer
