// Sampling of images and regions, box selection, einsum.

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

/// Here an empty tensor means an absent input.
TensorId unless_empty(Node& node, int index) {
  const TensorId tensor = node.optional(index);
  if (tensor == kNone) return kNone;
  const graph::Tensor& info = node.info(tensor);
  const bool empty = info.ranked && std::find(info.dims.begin(), info.dims.end(), 0) != info.dims.end();
  return empty ? kNone : tensor;
}

std::string resize_mode(Node& node) {
  const std::string mode = node.text("mode", "nearest");
  if (mode == "bilinear" || mode == "trilinear") return "linear";
  if (mode == "bicubic") return "cubic";
  if (mode != "nearest" && mode != "linear" && mode != "cubic") node.refuse("mode '" + mode + "'");
  return mode;
}

/// Upsample and the first Resize: asymmetric coordinates; nearest takes the floor (Resize-10: the ceiling when
/// shrinking).
void old_resize(Node& node, TensorId scales) {
  Attributes attributes;
  attributes.set("mode", resize_mode(node));
  attributes.set("coordinate_transformation_mode", std::string("asymmetric"));
  std::string nearest = "floor";
  if (const ConstantPtr known = node.info(scales).constant; known && node.op_type() == "Resize") {
    const std::vector<double> values = graph::to_reals(*known);
    const auto shrinks = [](double scale) { return scale < 1; };
    const auto grows = [](double scale) { return scale > 1; };
    if (std::any_of(values.begin(), values.end(), shrinks)) {
      if (std::any_of(values.begin(), values.end(), grows) && resize_mode(node) == "nearest")
        node.refuse("it shrinks one axis and enlarges another");
      nearest = "ceil";
    }
  }
  attributes.set("nearest_mode", nearest);
  node.result(0, node.emit("resize", {node.input(0), kNone, scales}, std::move(attributes)));
}

void upsample(Node& node) {
  if (node.opset() >= 9 || node.has_input(1)) return old_resize(node, node.input(1));
  std::vector<double> scales = node.reals("scales");
  if (!node.has("scales")) scales = {1, 1, node.real("height_scale", 1), node.real("width_scale", 1)};
  const auto count = static_cast<std::int64_t>(scales.size());
  old_resize(node, node.add_constant(graph::make_constant(std::vector<float>(scales.begin(), scales.end()), {count})));
}

void resize(Node& node) {
  if (node.opset() < 11) return old_resize(node, node.input(1));
  Attributes attributes =
      node.copied({"coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "exclude_outside",
                   "extrapolation_value", "antialias", "axes", "keep_aspect_ratio_policy"});
  attributes.set("mode", resize_mode(node));
  const bool crops = node.text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize";
  std::vector<TensorId> inputs{node.input(0), crops ? unless_empty(node, 1) : kNone, unless_empty(node, 2),
                               unless_empty(node, 3)};
  if (inputs[3] != kNone) {
    inputs[2] = kNone;
  } else {
    inputs.pop_back();
  }
  node.require(inputs.size() == 4 || inputs[2] != kNone, "it has neither scales nor sizes");
  node.result(0, node.emit("resize", std::move(inputs), std::move(attributes)));
}

void grid_sample(Node& node) {
  Attributes attributes;
  std::string mode = node.text("mode", node.opset() < 20 ? "bilinear" : "linear");
  mode = mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode;
  attributes.set("mode", mode);
  attributes.set("padding_mode", node.text("padding_mode", "zeros"));
  attributes.set("align_corners", node.integer("align_corners", 0));
  node.result(0, node.emit("grid_sample", {node.input(0), node.input(1)}, std::move(attributes)));
}

void affine_grid(Node& node) {
  Attributes attributes;
  attributes.set("align_corners", node.integer("align_corners", 0));
  node.result(0, node.emit("affine_grid", {node.input(0), node.input(1)}, std::move(attributes)));
}

void roi_align(Node& node) {
  Attributes attributes = node.copied({"mode", "output_height", "output_width", "sampling_ratio", "spatial_scale"});
  attributes.set("coordinate_transformation_mode",
                 node.text("coordinate_transformation_mode", node.opset() < 16 ? "output_half_pixel" : "half_pixel"));
  node.result(0, node.emit("roi_align", {node.input(0), node.input(1), node.input(2)}, std::move(attributes)));
}

void einsum(Node& node) {
  Attributes attributes;
  attributes.set("equation", node.text("equation", ""));
  node.result(0, node.emit("einsum", node.inputs(), std::move(attributes)));
}

void non_max_suppression(Node& node) {
  std::vector<TensorId> inputs = node.inputs();
  while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
  node.require(inputs.size() >= 2, "boxes and scores are needed");
  node.result(0, node.emit("non_max_suppression", std::move(inputs), node.copied({"center_point_box"})));
}

/// ImageScaler of the experimental operators: scale * x + bias per channel.
void image_scaler(Node& node) {
  const TensorId x = node.input(0);
  const std::vector<double> bias = node.reals("bias");
  const double scale = node.real("scale", 1);
  TensorId y = x;
  if (scale != 1) y = node.binary("mul", y, node.scalar(scale, node.dtype(x)));
  if (!bias.empty()) {
    const auto channels = static_cast<std::int64_t>(bias.size());
    const ConstantPtr values = graph::make_constant(std::vector<float>(bias.begin(), bias.end()), {channels, 1, 1});
    y = node.binary("add", y, node.cast(node.add_constant(values), node.dtype(x)));
  }
  node.result(0, y);
}

constexpr Row kRows[] = {{"Upsample", upsample},
                         {"Resize", resize},
                         {"GridSample", grid_sample},
                         {"AffineGrid", affine_grid},
                         {"RoiAlign", roi_align},
                         {"Einsum", einsum},
                         {"NonMaxSuppression", non_max_suppression},
                         {"ImageScaler", image_scaler}};

}  // namespace

std::span<const Row> vision_rows() { return kRows; }

}  // namespace vireo::importer
