// ai.onnx.ml: features in and out. Classifiers are in ml_linear.cpp and ml_trees.cpp.

#include "engine/import/onnx/ml.h"

#include <algorithm>
#include <cmath>

#include "engine/api/log.h"
#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

void scaler(Node& node) {
  TensorId x = node.cast(node.input(0), DataType::float32);
  if (node.has("offset")) x = node.binary("sub", x, floats_constant(node, node.reals("offset")));
  if (node.has("scale")) x = node.binary("mul", x, floats_constant(node, node.reals("scale")));
  node.result(0, x);
}

/// Rows whose norm is 0 stay as they are.
void normalizer(Node& node) {
  const TensorId x = node.cast(node.input(0), DataType::float32);
  const std::string norm = node.text("norm", "MAX");
  const char* mode = norm == "L1" ? "l1" : norm == "L2" ? "l2" : norm == "MAX" ? "max" : nullptr;
  if (mode == nullptr) node.fail("attribute 'norm' is '" + norm + "'; accepted: MAX, L1, L2");
  const TensorId size = reduced(node, mode, x, -1);
  const TensorId none = node.binary("equal", size, node.scalar(0, DataType::float32));
  node.result(0, node.binary("div", x, select(node, none, node.scalar(1, DataType::float32), size)));
}

void imputer(Node& node) {
  const TensorId x = node.input(0);
  const DataType type = node.dtype(x);
  const bool real = is_float(type);
  TensorId values = kNone;
  TensorId replaced = kNone;
  bool missing = false;
  if (real) {
    const double given = node.real("replaced_value_float", 0);
    missing = std::isnan(given);
    values = node.cast(floats_constant(node, node.reals("imputed_value_floats")), type);
    replaced = node.scalar(given, type);
  } else {
    values = node.cast(node.integers_constant(node.integers("imputed_value_int64s")), type);
    replaced = node.cast(node.integers_constant({node.integer("replaced_value_int64", 0)}), type);
  }
  node.require(element_count(node.dims(values)) > 0,
               base::str("attribute '", real ? "imputed_value_floats" : "imputed_value_int64s", "' is missing"));
  const TensorId where = missing ? node.unary("isnan", x) : node.binary("equal", x, replaced);
  node.result(0, select(node, where, values, x));
}

void binarizer(Node& node) {
  const TensorId x = node.input(0);
  const TensorId more = node.binary("greater", x, node.scalar(node.real("threshold", 0), node.dtype(x)));
  node.result(0, node.cast(more, node.dtype(x)));
}

void array_feature_extractor(Node& node) {
  const TensorId x = node.input(0);
  const int rank = node.rank(x);
  node.require(rank > 0, "takes no scalar");
  Attributes attributes;
  attributes.set("axis", static_cast<std::int64_t>(rank - 1));
  const TensorId found = node.emit("gather", {x, node.reshape(node.input(1), {-1})}, std::move(attributes));
  node.result(0, rank == 1 ? node.reshape(found, {1, -1}) : found);
}

/// The first `width` columns of an input, and columns of zeros where it has less.
TensorId widened(Node& node, TensorId x, std::int64_t width) {
  const std::int64_t has = node.dims(x)[1];
  if (has == kUnknown || has == width) return x;
  if (has > width)
    return node.emit("slice", {x, node.integers_constant({0}), node.integers_constant({width}),
                               node.integers_constant({1}), node.integers_constant({1})});
  return node.emit("pad", {x, node.integers_constant({0, 0, 0, width - has})});
}

void feature_vectorizer(Node& node) {
  const std::vector<std::int64_t> widths = node.integers("inputdimensions");
  std::vector<TensorId> parts;
  for (int k = 0; k < node.input_count(); ++k) {
    TensorId x = as_rows(node, node.cast(node.input(k), DataType::float32));
    if (static_cast<std::size_t>(k) < widths.size()) x = widened(node, x, widths[static_cast<std::size_t>(k)]);
    parts.push_back(x);
  }
  node.require(!parts.empty(), "has no inputs");
  node.result(0, columns(node, parts));
}

/// label_encoder with a value for what has no key.
TensorId encode(Node& node, TensorId x, TensorId keys, TensorId values, TensorId other) {
  std::vector<TensorId> inputs{x, keys, values};
  if (other != kNone) inputs.push_back(other);
  return node.emit("label_encoder", std::move(inputs));
}

void one_hot_encoder(Node& node) {
  TensorId x = node.input(0);
  const bool texts = node.dtype(x) == DataType::string;
  const TensorId keys =
      texts ? texts_constant(node, node.texts("cats_strings")) : node.integers_constant(node.integers("cats_int64s"));
  const std::int64_t count = node.dims(keys)[0];
  node.require(count > 0, base::str("attribute '", texts ? "cats_strings" : "cats_int64s", "' is missing"));
  if (!texts) x = node.cast(x, DataType::int64);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i);
  const bool zeros = node.integer("zeros", 1) != 0;
  const TensorId index = encode(node, x, keys, node.integers_constant(numbers),
                                zeros ? node.integers_constant({count}) : kNone);  // count: in no column
  Attributes attributes;
  attributes.set("axis", std::int64_t{-1});
  node.result(0, node.emit("one_hot", {index, node.integers_constant({count}), floats_constant(node, {0, 1})},
                           std::move(attributes)));
}

/// Keys, values or the default of a LabelEncoder: a tensor or one of the three lists. kNone where there is none.
TensorId encoder_list(Node& node, const std::string& prefix) {
  if (const ConstantPtr tensor = node.tensor(prefix + "_tensor")) {
    const TensorId all = node.add_constant(tensor);
    return node.reshape(all, {tensor->count()});
  }
  if (node.has(prefix + "_strings")) return texts_constant(node, node.texts(prefix + "_strings"));
  if (node.has(prefix + "_int64s")) return node.integers_constant(node.integers(prefix + "_int64s"));
  if (node.has(prefix + "_floats")) return floats_constant(node, node.reals(prefix + "_floats"));
  return kNone;
}

TensorId encoder_default(Node& node, DataType type) {
  if (const ConstantPtr tensor = node.tensor("default_tensor")) return node.add_constant(tensor);
  if (type == DataType::string) return texts_constant(node, {node.text("default_string", "_Unused")});
  if (is_float(type)) return node.cast(floats_constant(node, {node.real("default_float", -0.0)}), type);
  return node.cast(node.integers_constant({node.integer("default_int64", -1)}), type);
}

/// Texts to numbers or back, whichever the input is.
void map_texts(Node& node, const std::vector<std::string>& texts, const std::vector<std::int64_t>& numbers) {
  const TensorId x = node.input(0), a = texts_constant(node, texts), b = node.integers_constant(numbers);
  node.require(texts.size() == numbers.size(), base::str(texts.size(), " texts for ", numbers.size(), " numbers"));
  const bool from_texts = node.dtype(x) == DataType::string;
  const TensorId other = encoder_default(node, from_texts ? DataType::int64 : DataType::string);
  node.result(0, encode(node, x, from_texts ? a : b, from_texts ? b : a, other));
}

void label_encoder(Node& node) {
  if (node.has("classes_strings")) {
    const std::vector<std::string> texts = node.texts("classes_strings");
    std::vector<std::int64_t> numbers(texts.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
    return map_texts(node, texts, numbers);
  }
  const TensorId keys = encoder_list(node, "keys"), values = encoder_list(node, "values");
  node.require(keys != kNone && values != kNone, "has no keys or no values");
  node.result(0, encode(node, node.input(0), keys, values, encoder_default(node, node.dtype(values))));
}

void category_mapper(Node& node) { map_texts(node, node.texts("cats_strings"), node.integers("cats_int64s")); }

/// A map of each class to its score is no tensor: its scores are, in the order of the classes, which the metadata name.
void zip_map(Node& node) {
  std::vector<std::string> names = node.texts("classlabels_strings");
  for (const std::int64_t label : node.integers("classlabels_int64s")) names.push_back(base::str(label));
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : "\n") + name;
  if (node.output_count() > 0) node.graph().metadata["onnx.zipmap." + node.proto_output(0)] = all;
  log(LogLevel::info, base::str("ZipMap: the output is the tensor of scores, in the order of its ", names.size(),
                                " classes (metadata onnx.zipmap.…)"));
  node.result(0, node.input(0));
}

void maps_refused(Node& node) {
  node.refuse(
      "its input is a map; give the tensor of the map's values to what comes behind it, in a fixed order of "
      "its keys");
}

constexpr Row kRows[] = {{"Scaler", scaler, kMlDomain},
                         {"Normalizer", normalizer, kMlDomain},
                         {"Imputer", imputer, kMlDomain},
                         {"Binarizer", binarizer, kMlDomain},
                         {"ArrayFeatureExtractor", array_feature_extractor, kMlDomain},
                         {"FeatureVectorizer", feature_vectorizer, kMlDomain},
                         {"OneHotEncoder", one_hot_encoder, kMlDomain},
                         {"LabelEncoder", label_encoder, kMlDomain},
                         {"CategoryMapper", category_mapper, kMlDomain},
                         {"ZipMap", zip_map, kMlDomain},
                         {"DictVectorizer", maps_refused, kMlDomain},
                         {"CastMap", maps_refused, kMlDomain}};

}  // namespace

std::span<const Row> ml_rows() { return kRows; }

TensorId floats_constant(Node& node, const std::vector<double>& values, const Dims& dims) {
  const std::vector<float> floats(values.begin(), values.end());
  return node.add_constant(graph::make_constant(floats, dims));
}

TensorId floats_constant(Node& node, const std::vector<double>& values) {
  return floats_constant(node, values, {static_cast<std::int64_t>(values.size())});
}

TensorId as_rows(Node& node, TensorId x) {
  const int rank = node.rank(x);
  node.require(rank == 1 || rank == 2, base::str("takes rows of features, found rank ", rank));
  return rank == 1 ? node.reshape(x, {1, -1}) : x;
}

TensorId reduced(Node& node, std::string_view mode, TensorId x, std::int64_t axis) {
  Attributes attributes;
  attributes.set("mode", std::string(mode));
  attributes.set("keepdims", std::int64_t{1});
  return node.emit("reduce", {x, node.integers_constant({axis})}, std::move(attributes));
}

TensorId largest_of_rows(Node& node, TensorId x) {
  Attributes attributes;
  attributes.set("mode", std::string("max"));
  attributes.set("axis", std::int64_t{1});
  attributes.set("keepdims", std::int64_t{0});
  return node.emit("arg_reduce", {x}, std::move(attributes));
}

TensorId columns(Node& node, const std::vector<TensorId>& parts) {
  if (parts.size() == 1) return parts[0];
  Attributes attributes;
  attributes.set("axis", std::int64_t{1});
  return node.emit("concat", parts, std::move(attributes));
}

TensorId select(Node& node, TensorId condition, TensorId holds, TensorId fails) {
  return node.emit("where", {condition, holds, fails});
}

}  // namespace vireo::importer
