// Operators that move or regroup elements: reshape, transpose, concat, split, slice, pad, resize and their kin.

#include <algorithm>
#include <limits>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

void reshape(Node& node) {
  const TensorId x = node.input(0);
  if (node.opset() < 5 || (!node.has_input(1) && node.has("shape")))
    return node.result(0, node.reshape(x, node.integers("shape")));
  Attributes attributes;
  if (node.integer("allowzero", 0) != 0) attributes.set("allowzero", std::int64_t{1});
  node.result(0, node.emit("reshape", {x, node.input(1)}, std::move(attributes)));
}

void flatten(Node& node) {
  Attributes attributes;
  const int rank = node.rank(node.input(0));
  std::int64_t axis = node.integer("axis", 1);
  node.require(axis >= -rank && axis <= rank, base::str("axis ", axis, " of a tensor of rank ", rank));
  attributes.set("axis", axis < 0 ? axis + rank : axis);
  node.result(0, node.emit("flatten", {node.input(0)}, std::move(attributes)));
}

/// Squeeze and Unsqueeze: the axes are an attribute before opset 13, an input from then on.
void squeeze(Node& node) {
  std::vector<TensorId> inputs{node.input(0)};
  if (node.has_input(1)) {
    inputs.push_back(node.input(1));
  } else if (node.has("axes")) {
    inputs.push_back(node.integers_constant(node.integers("axes")));
  }
  const bool squeezing = node.op_type() == "Squeeze";
  node.require(squeezing || inputs.size() == 2, "the axes are missing");
  node.result(0, node.emit(squeezing ? "squeeze" : "unsqueeze", std::move(inputs)));
}

void transpose(Node& node) {
  std::vector<std::int64_t> perm = node.integers("perm");
  if (!node.has("perm"))
    for (int i = node.rank(node.input(0)) - 1; i >= 0; --i) perm.push_back(i);
  Attributes attributes;
  attributes.set("perm", perm);
  node.result(0, node.emit("transpose", {node.input(0)}, std::move(attributes)));
}

void concat(Node& node) {
  std::vector<TensorId> inputs;
  for (int i = 0; i < node.input_count(); ++i) inputs.push_back(node.input(i));
  node.require(!inputs.empty(), "it has no inputs");
  node.require(node.has("axis") || node.opset() < 4, "attribute 'axis' is missing");
  Attributes attributes;
  const auto ranked = std::find_if(inputs.begin(), inputs.end(), [&](TensorId x) { return node.info(x).ranked; });
  attributes.set("axis", node.axis_of(node.integer("axis", 1), ranked == inputs.end() ? inputs[0] : *ranked));
  node.result(0, node.emit("concat", std::move(inputs), std::move(attributes)));
}

void split(Node& node) {
  const TensorId x = node.input(0);
  const std::int64_t axis = node.axis_of(node.integer("axis", 0), x);
  Attributes attributes;
  attributes.set("axis", axis);
  std::int64_t outputs = node.output_count();
  std::vector<std::int64_t> sizes = node.integers("split");
  if (node.has_input(1)) {
    const auto given = node.known_integers(1);
    if (!given) {  // sizes that are computed: the layer reads them
      return node.results(
          node.emit_many("split", {x, node.input(1)}, std::move(attributes), static_cast<int>(outputs)));
    }
    sizes = *given;
  }
  if (sizes.empty() && outputs > 0) {
    const std::int64_t parts = node.integer("num_outputs", outputs);
    node.require(parts == outputs, base::str("num_outputs is ", parts, ", it has ", outputs, " outputs"));
    const std::int64_t extent = node.info(x).ranked ? node.dims(x)[static_cast<std::size_t>(axis)] : kUnknown;
    attributes.set("num_outputs", parts);
    if (extent >= 0) {
      const std::int64_t chunk = (extent + parts - 1) / parts;
      node.require(extent - chunk * (parts - 1) >= 0, base::str("an extent of ", extent, " in ", parts, " parts"));
      sizes.assign(static_cast<std::size_t>(parts), chunk);
      sizes.back() = extent - chunk * (parts - 1);
    }
  } else {
    outputs = static_cast<std::int64_t>(sizes.size());
    node.require(outputs == node.output_count(), base::str(outputs, " sizes for ", node.output_count(), " outputs"));
  }
  if (!sizes.empty()) {
    attributes.erase("num_outputs");
    attributes.set("split", sizes);
  }
  node.results(node.emit_many("split", {x}, std::move(attributes), static_cast<int>(outputs)));
}

void slice(Node& node) {
  const TensorId x = node.input(0);
  if (node.opset() < 10) {
    const std::vector<std::int64_t> starts = node.integers("starts");
    std::vector<std::int64_t> axes = node.integers("axes");
    if (!node.has("axes"))
      for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    return node.result(
        0, node.emit("slice", {x, node.integers_constant(starts), node.integers_constant(node.integers("ends")),
                               node.integers_constant(axes)}));
  }
  std::vector<TensorId> inputs{x, node.input(1), node.input(2)};
  if (node.has_input(3) || node.has_input(4)) inputs.push_back(node.optional(3));
  if (node.has_input(4)) inputs.push_back(node.input(4));
  node.result(0, node.emit("slice", std::move(inputs)));
}

void pad(Node& node) {
  const TensorId x = node.input(0);
  Attributes attributes;
  attributes.set("mode", node.text("mode", "constant"));
  std::vector<TensorId> inputs{x};
  if (node.opset() < 11) {
    inputs.push_back(
        node.integers_constant(node.integers(node.opset() < 2 && node.has("paddings") ? "paddings" : "pads")));
    const double value = node.real("value", 0);
    if (value != 0) inputs.push_back(node.scalar(value, node.dtype(x)));
  } else {
    inputs.push_back(node.input(1));
    if (node.has_input(2) || node.has_input(3)) inputs.push_back(node.optional(2));
    if (node.has_input(3)) inputs.push_back(node.input(3));
  }
  node.result(0, node.emit("pad", std::move(inputs), std::move(attributes)));
}

/// Crop of the experimental operators: `border` = left, top, right, bottom of an image, or `scale` = height, width.
void crop(Node& node) {
  const auto border = node.integers("border");
  const auto scale = node.integers("scale");
  node.require(border.size() == 4, "attribute 'border' should have four values");
  const std::int64_t bottom = scale.size() == 2 ? border[1] + scale[0] : -border[3];
  const std::int64_t right = scale.size() == 2 ? border[0] + scale[1] : -border[2];
  const std::int64_t end = std::numeric_limits<std::int64_t>::max();
  node.result(0, node.emit("slice", {node.input(0), node.integers_constant({border[1], border[0]}),
                                     node.integers_constant({bottom == 0 ? end : bottom, right == 0 ? end : right}),
                                     node.integers_constant({2, 3})}));
}

void expand(Node& node) { node.result(0, node.emit("expand", {node.input(0), node.input(1)})); }

void tile(Node& node) {
  if (node.opset() < 6) {
    const auto tiles = node.known_integers(1);
    const auto axis = node.known_integers(2);
    if (!tiles || !axis || tiles->size() != 1 || axis->size() != 1) node.refuse("repeats that are not known at import");
    std::vector<std::int64_t> repeats(static_cast<std::size_t>(node.rank(node.input(0))), 1);
    repeats[static_cast<std::size_t>(node.axis((*axis)[0], static_cast<int>(repeats.size())))] = (*tiles)[0];
    return node.result(0, node.emit("tile", {node.input(0), node.integers_constant(repeats)}));
  }
  node.result(0, node.emit("tile", {node.input(0), node.input(1)}));
}

void shape(Node& node) { node.result(0, node.emit("shape", {node.input(0)}, node.copied({"start", "end"}))); }
void size(Node& node) { node.result(0, node.emit("size", {node.input(0)})); }

void depth_to_space(Node& node) {
  Attributes attributes;
  const std::int64_t block = node.integer("blocksize", 0);
  node.require(block > 0, "attribute 'blocksize' should be positive");
  attributes.set("blocksize", block);
  const bool to_space = node.op_type() == "DepthToSpace";
  if (to_space) attributes.set("mode", node.text("mode", "DCR"));
  node.result(0, node.emit(to_space ? "depth_to_space" : "space_to_depth", {node.input(0)}, std::move(attributes)));
}

constexpr Row kRows[] = {{"Reshape", reshape},
                         {"Flatten", flatten},
                         {"Squeeze", squeeze},
                         {"Unsqueeze", squeeze},
                         {"Transpose", transpose},
                         {"Concat", concat},
                         {"Split", split},
                         {"Slice", slice},
                         {"Pad", pad},
                         {"Crop", crop},
                         {"Expand", expand},
                         {"Tile", tile},
                         {"Shape", shape},
                         {"Size", size},
                         {"DepthToSpace", depth_to_space},
                         {"SpaceToDepth", depth_to_space}};

}  // namespace

std::span<const Row> shape_rows() { return kRows; }

}  // namespace vireo::importer
