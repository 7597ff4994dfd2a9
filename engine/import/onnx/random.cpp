// Random numbers, and what draws them. The same model gives the same numbers in every run: those of its seed or, where
// it has none, of the node's name (operator `random`).

#include <bit>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

#include <onnx/onnx_pb.h>

namespace vireo::importer {
namespace {

std::int64_t seed_of(Node& node) {
  if (node.has("seed")) return std::bit_cast<std::int64_t>(node.real("seed", 0));
  const std::string name = node.proto().name() + "/" + (node.output_count() > 0 ? node.proto().output(0) : "");
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return static_cast<std::int64_t>(hash);
}

TensorId draw(Node& node, TensorId shape, DataType type, Attributes attributes = {}) {
  attributes.set("dtype", std::string(to_string(type)));
  attributes.set("seed", seed_of(node));
  return node.emit("random", {shape}, std::move(attributes));
}

DataType type_or(Node& node, DataType fallback) {
  if (!node.has("dtype")) return fallback;
  const std::int64_t number = node.integer("dtype", 0);
  const DataType type = dtype_from_onnx(number);
  if (size_of(type) == 0) node.refuse(base::str("random numbers of type ", onnx_dtype_name(number)));
  return type;
}

/// RandomUniform, RandomNormal, and those of them that are shaped like an input.
void random_numbers(Node& node) {
  const bool like = node.op_type().ends_with("Like"), normal = node.op_type().starts_with("RandomNormal");
  Attributes attributes = node.copied({"low", "high", "mean", "scale"});
  attributes.set("distribution", std::string(normal ? "normal" : "uniform"));
  DataType type = type_or(node, like ? node.dtype(node.input(0)) : DataType::float32);
  if (!is_float(type)) node.refuse(base::str("random numbers of type ", type));
  node.require(like || node.has("shape"), "attribute 'shape' is missing");
  const TensorId shape = like ? node.emit("shape", {node.input(0)}) : node.integers_constant(node.integers("shape"));
  node.result(0, draw(node, shape, type, std::move(attributes)));
}

void bernoulli(Node& node) {
  const TensorId x = node.input(0);
  const TensorId drawn = draw(node, node.emit("shape", {x}), DataType::float32);
  node.result(0, node.cast(node.binary("less", drawn, node.cast(x, DataType::float32)), type_or(node, node.dtype(x))));
}

/// Each sample is the number of classes whose cumulated probability is not above what was drawn.
void multinomial(Node& node) {
  const DataType type = type_or(node, DataType::int32);
  const std::int64_t samples = node.integer("sample_size", 1);
  node.require(samples >= 0, base::str("sample_size is ", samples));
  const TensorId x = node.cast(node.input(0), DataType::float32), shape = node.emit("shape", {x});
  Attributes softmax, along, sum, first, classes;
  softmax.set("axis", std::int64_t{1});
  softmax.set("mode", std::string("softmax"));
  const TensorId cumulated =
      node.emit("cumsum", {node.emit("softmax", {x}, std::move(softmax)), node.integers_constant({1})});
  first.set("end", std::int64_t{1});
  classes.set("start", std::int64_t{1});
  along.set("axis", std::int64_t{0});
  const TensorId drawn_shape =
      node.emit("concat", {node.emit("shape", {x}, std::move(first)), node.integers_constant({samples, 1})}, along);
  const TensorId drawn = draw(node, drawn_shape, DataType::float32);
  const TensorId below =
      node.binary("less_equal", node.emit("unsqueeze", {cumulated, node.integers_constant({1})}), drawn);
  sum.set("mode", std::string("sum"));
  sum.set("keepdims", std::int64_t{0});
  const TensorId count =
      node.emit("reduce", {node.cast(below, DataType::int64), node.integers_constant({2})}, std::move(sum));
  const TensorId last = node.binary("sub", node.emit("shape", {x}, std::move(classes)), node.integers_constant({1}));
  node.result(0, node.cast(node.binary("min", count, last), type));
}

/// The inference form where the flag is false, as it is in exported models; in training mode elements are left out by
/// the seed. The flag may come at run time.
void dropout(Node& node) {
  const TensorId x = node.input(0), shape = node.wants_output(1) || node.has_input(2) ? node.emit("shape", {x}) : kNone;
  const auto everything = [&] {
    Attributes attributes;
    attributes.set("value", 1.0);
    attributes.set("dtype", std::string("boolean"));
    return node.emit("constant_of_shape", {shape}, std::move(attributes));
  };
  const bool has_flag = node.op_type() == "Dropout" && node.opset() >= 12 && node.has_input(2);
  const auto flag = has_flag ? node.known_integers(2) : std::vector<std::int64_t>{0};
  if (flag && (flag->empty() || (*flag)[0] == 0)) {
    node.result(0, x);
    if (node.wants_output(1)) node.result(1, node.opset() < 10 ? node.cast(everything(), node.dtype(x)) : everything());
    return;
  }
  const DataType type = node.dtype(x);
  const TensorId ratio =
      node.has_input(1) ? node.cast(node.input(1), DataType::float32) : node.scalar(0.5, DataType::float32);
  TensorId kept = node.binary("less_equal", ratio, draw(node, shape, DataType::float32));
  const TensorId factor = node.unary("reciprocal", node.binary("sub", node.scalar(1, DataType::float32), ratio));
  const TensorId scaled = node.binary("mul", x, node.cast(factor, type));
  TensorId y = node.emit("where", {kept, scaled, node.scalar(0, type)});
  if (!flag) {
    y = node.emit("where", {node.input(2), y, x});
    kept = node.binary("or", kept, node.unary("not", node.input(2)));
  }
  node.result(0, y);
  node.result(1, kept);
}

constexpr Row kRows[] = {{"RandomUniform", random_numbers},
                         {"RandomNormal", random_numbers},
                         {"RandomUniformLike", random_numbers},
                         {"RandomNormalLike", random_numbers},
                         {"Bernoulli", bernoulli},
                         {"Multinomial", multinomial},
                         {"Dropout", dropout}};

}  // namespace

std::span<const Row> random_rows() { return kRows; }

}  // namespace vireo::importer
