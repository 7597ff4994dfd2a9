// Operators that read or write at computed positions.

#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

Attributes with_axis(Node& node, std::int64_t fallback) {
  Attributes attributes;
  attributes.set("axis", node.axis_of(node.integer("axis", fallback), node.input(0)));
  return attributes;
}

void gather(Node& node) { node.result(0, node.emit("gather", {node.input(0), node.input(1)}, with_axis(node, 0))); }

void gather_elements(Node& node) {
  node.result(0, node.emit("gather_elements", {node.input(0), node.input(1)}, with_axis(node, 0)));
}

void gather_nd(Node& node) {
  node.result(0, node.emit("gather_nd", {node.input(0), node.input(1)}, node.copied({"batch_dims"})));
}

void scatter_nd(Node& node) {
  node.result(0, node.emit("scatter_nd", {node.input(0), node.input(1), node.input(2)}, node.copied({"reduction"})));
}

void scatter_elements(Node& node) {
  Attributes attributes = with_axis(node, 0);
  node.copy("reduction", attributes);
  node.result(0, node.emit("scatter_elements", {node.input(0), node.input(1), node.input(2)}, std::move(attributes)));
}

void compress(Node& node) {
  Attributes attributes;
  if (node.has("axis")) attributes = with_axis(node, 0);
  node.result(0, node.emit("compress", {node.input(0), node.input(1)}, std::move(attributes)));
}

void one_hot(Node& node) {
  Attributes attributes;
  attributes.set("axis", node.axis(node.integer("axis", -1), node.rank(node.input(0)) + 1));
  node.result(0, node.emit("one_hot", {node.input(0), node.input(1), node.input(2)}, std::move(attributes)));
}

void trilu(Node& node) {
  Attributes attributes;
  attributes.set("upper", node.integer("upper", 1));
  std::vector<TensorId> inputs{node.input(0)};
  if (node.has_input(1)) inputs.push_back(node.input(1));
  node.result(0, node.emit("trilu", std::move(inputs), std::move(attributes)));
}

void non_zero(Node& node) { node.result(0, node.emit("non_zero", {node.input(0)})); }

constexpr Row kRows[] = {{"Gather", gather},
                         {"GatherElements", gather_elements},
                         {"GatherND", gather_nd},
                         {"ScatterND", scatter_nd},
                         {"ScatterElements", scatter_elements},
                         {"Scatter", scatter_elements},
                         {"Compress", compress},
                         {"OneHot", one_hot},
                         {"Trilu", trilu},
                         {"NonZero", non_zero}};

}  // namespace

std::span<const Row> indexing_rows() { return kRows; }

}  // namespace vireo::importer
