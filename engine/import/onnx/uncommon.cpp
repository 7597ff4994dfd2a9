// Operators that few networks have: bits, products along an axis, sequences from their end, sets, counts of n-grams;
// and those that are refused whatever they look like.

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

void bit_cast(Node& node) {
  const std::int64_t number = node.integer("to", 0);
  const DataType type = dtype_from_onnx(number);
  if (size_of(type) == 0) node.refuse(base::str("bits as ", onnx_dtype_name(number)));
  Attributes attributes;
  attributes.set("to", std::string(to_string(type)));
  node.result(0, node.emit("bit_cast", {node.input(0)}, std::move(attributes)));
}

void cumulated_product(Node& node) {
  Attributes attributes = node.copied({"exclusive", "reverse"});
  attributes.set("function", std::string("product"));
  node.result(0, node.emit("cumsum", {node.input(0), node.input(1)}, std::move(attributes)));
}

void det(Node& node) { node.result(0, node.emit("det", {node.input(0)})); }

void reverse_sequence(Node& node) {
  node.result(0,
              node.emit("reverse_sequence", {node.input(0), node.input(1)}, node.copied({"time_axis", "batch_axis"})));
}

/// What is found is where the first of each kind is; the entries themselves and how many there are follow from that.
void unique(Node& node) {
  const TensorId x = node.input(0);
  const Attributes attributes = node.copied({"axis", "sorted"});
  const TensorId places = node.emit("unique", {x}, attributes);
  Attributes along;
  along.set("axis", node.has("axis") ? node.axis_of(node.integer("axis", 0), x) : std::int64_t{0});
  if (node.wants_output(0))
    node.result(0, node.emit("gather", {node.has("axis") ? x : node.reshape(x, {-1}), places}, along));
  node.result(1, places);
  if (!node.wants_output(2) && !node.wants_output(3)) return;
  const TensorId kinds = node.emit("unique_inverse", {x}, attributes);
  node.result(2, kinds);
  if (!node.wants_output(3)) return;
  const auto filled = [&](TensorId like, double value) {
    Attributes fill;
    fill.set("value", value);
    fill.set("dtype", std::string("int64"));
    return node.emit("constant_of_shape", {node.emit("shape", {like})}, std::move(fill));
  };
  Attributes add;
  add.set("axis", std::int64_t{0});
  add.set("reduction", std::string("add"));
  node.result(3, node.emit("scatter_elements", {filled(places, 0), kinds, filled(kinds, 1)}, std::move(add)));
}

void image_decoder(Node& node) {
  node.refuse(
      "it reads the bytes of a compressed picture, whose size only decoding tells; decode pictures before the network "
      "(decoders of the application or of a pipeline are made for it) and give it the model that begins behind this "
      "node, whose input is then the picture, uint8 [height, width, channels]");
}

void training(Node& node) {
  node.refuse("it computes new weights in training, which this engine doesn't do; export the network for inference");
}

constexpr std::string_view kTraining = "ai.onnx.preview.training";
constexpr Row kRows[] = {{"BitCast", bit_cast},
                         {"CumProd", cumulated_product},
                         {"Det", det},
                         {"ReverseSequence", reverse_sequence},
                         {"Unique", unique},
                         {"ImageDecoder", image_decoder},
                         {"Adagrad", training, kTraining},
                         {"Adam", training, kTraining},
                         {"Gradient", training, kTraining},
                         {"Momentum", training, kTraining}};

}  // namespace

std::span<const Row> uncommon_rows() { return kRows; }

}  // namespace vireo::importer
