// Parts of pictures: deformed convolution, blocks back into an image, crops around the centre, regions, unpooling.

#include <algorithm>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

void deform_conv(Node& node) {
  std::vector<TensorId> inputs{node.input(0), node.input(1), node.input(2), node.optional(3), node.optional(4)};
  while (inputs.back() == kNone) inputs.pop_back();
  node.result(0, node.emit("deform_conv", std::move(inputs),
                           node.copied({"strides", "pads", "dilations", "group", "offset_group", "kernel_shape"})));
}

void col2im(Node& node) {
  node.result(0, node.emit("col2im", {node.input(0), node.input(1), node.input(2)},
                           node.copied({"strides", "pads", "dilations"})));
}

Attributes at_axis(std::int64_t axis) {
  Attributes attributes;
  attributes.set("axis", axis);
  return attributes;
}

/// What is too large loses its outer parts, what is too small gets zeros around it; odd ones at the end.
void center_crop_pad(Node& node) {
  const TensorId x = node.input(0);
  std::vector<std::int64_t> axes = node.integers("axes");
  const int rank = node.rank(x);
  if (!node.has("axes"))
    for (int i = 0; i < rank; ++i) axes.push_back(i);
  for (std::int64_t& axis : axes) axis = node.axis(axis, rank);
  if (axes.empty()) return node.result(0, x);
  const TensorId which = node.integers_constant(axes), zero = node.integers_constant({0}),
                 two = node.integers_constant({2});
  const TensorId now = node.emit("gather", {node.emit("shape", {x}), which}, at_axis(0));
  const TensorId wanted = node.cast(node.input(1), DataType::int64);
  const auto excess = [&](TensorId a, TensorId b) { return node.binary("max", node.binary("sub", a, b), zero); };
  const TensorId start = node.binary("div", excess(now, wanted), two);
  const TensorId end = node.binary("add", start, node.binary("min", now, wanted));
  const TensorId cut = node.emit("slice", {x, start, end, which});
  const TensorId missing = excess(wanted, now), before = node.binary("div", missing, two);
  const TensorId pads = node.emit("concat", {before, node.binary("sub", missing, before)}, at_axis(0));
  Attributes mode;
  mode.set("mode", std::string("constant"));
  node.result(0, node.emit("pad", {cut, pads, kNone, which}, std::move(mode)));
}

void max_roi_pool(Node& node) {
  node.result(
      0, node.emit("max_roi_pool", {node.input(0), node.input(1)}, node.copied({"pooled_shape", "spatial_scale"})));
}

/// Max unpooling writes each value where its index says, a place in the tensor of the extents that kernel,
/// strides and pads give: a scatter into zeros. A larger output_shape has zeros behind them.
void max_unpool(Node& node) {
  const TensorId x = node.input(0);
  const auto kernel = node.integers("kernel_shape");
  auto strides = node.integers("strides"), pads = node.integers("pads");
  const std::size_t spatial = kernel.size();
  strides.resize(spatial, 1);
  pads.resize(spatial * 2, 0);
  node.require(node.dims(x).size() == spatial + 2, "attribute 'kernel_shape' does not fit its input");
  std::vector<std::int64_t> factor{1, 1}, offset{0, 0};  // extent = factor * pooled extent + offset
  for (std::size_t i = 0; i < spatial; ++i) {
    factor.push_back(strides[i]);
    offset.push_back(kernel[i] - strides[i] - pads[i] - pads[i + spatial]);
  }
  const TensorId shape = node.binary("add", node.binary("mul", node.emit("shape", {x}), node.integers_constant(factor)),
                                     node.integers_constant(offset));
  Attributes product, fill;
  product.set("mode", std::string("prod"));
  product.set("keepdims", std::int64_t{1});
  fill.set("value", 0.0);
  fill.set("dtype", std::string(to_string(node.dtype(x))));
  const TensorId zeros =
      node.emit("constant_of_shape", {node.emit("reduce", {shape}, std::move(product))}, std::move(fill));
  const TensorId index = node.reshape(node.cast(node.input(1), DataType::int64), {-1});
  const TensorId flat = node.emit("scatter_elements", {zeros, index, node.reshape(x, {-1})}, at_axis(0));
  TensorId y = node.emit("reshape", {flat, shape});
  if (node.has_input(2)) {
    const TensorId behind = node.binary("sub", node.cast(node.input(2), DataType::int64), shape);
    Attributes mode;
    mode.set("mode", std::string("constant"));
    const TensorId before = node.integers_constant(std::vector<std::int64_t>(spatial + 2, 0));
    y = node.emit("pad", {y, node.emit("concat", {before, behind}, at_axis(0))}, std::move(mode));
  }
  node.result(0, y);
}

constexpr Row kRows[] = {{"DeformConv", deform_conv},
                         {"Col2Im", col2im},
                         {"CenterCropPad", center_crop_pad},
                         {"MaxRoiPool", max_roi_pool},
                         {"MaxUnpool", max_unpool}};

}  // namespace

std::span<const Row> region_rows() { return kRows; }

}  // namespace vireo::importer
