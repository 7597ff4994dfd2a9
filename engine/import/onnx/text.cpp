// Operators on string tensors.

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/api/text.h"
#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/ml.h"

namespace vireo::importer {
namespace {

TensorId text_map(Node& node, std::string_view function, TensorId x) {
  Attributes attributes;
  attributes.set("function", std::string(function));
  return node.emit("text_map", {x}, std::move(attributes));
}

/// Upper and lower case are those of Unicode, letter by letter, which is right in all languages but these.
void check_locale(Node& node) {
  const std::string locale = node.text("locale", "");
  for (const char* language : {"tr", "az", "lt"})
    if (locale.starts_with(language)) node.refuse("upper and lower case of the locale '" + locale + "'");
}

void string_normalizer(Node& node) {
  TensorId x = node.input(0);
  const int rank = node.rank(x);
  const std::string action = node.text("case_change_action", "NONE");
  node.require(rank == 1 || rank == 2, base::str("takes texts [C] or [1, C], found rank ", rank));
  node.require(action == "NONE" || action == "UPPER" || action == "LOWER",
               "attribute 'case_change_action' is '" + action + "'; accepted: NONE, UPPER, LOWER");
  const std::vector<std::string> stopwords = node.texts("stopwords");
  if (!stopwords.empty()) {
    if (rank == 2) x = node.reshape(x, {-1});
    Attributes attributes;
    attributes.set("case_sensitive", node.integer("is_case_sensitive", 0));
    x = node.emit("text_filter", {x, texts_constant(node, stopwords)}, std::move(attributes));
  }
  if (action != "NONE") {
    check_locale(node);
    x = text_map(node, action == "UPPER" ? "upper" : "lower", x);
  }
  if (!stopwords.empty() && rank == 2) x = node.reshape(x, {1, -1});
  node.result(0, x);
}

void string_concat(Node& node) { node.result(0, node.emit("text_concat", {node.input(0), node.input(1)})); }

void string_split(Node& node) {
  Attributes attributes;
  attributes.set("delimiter", node.text("delimiter", ""));
  attributes.set("maxsplit", node.integer("maxsplit", -1));
  const std::vector<TensorId> counts = node.emit_many("text_count", {node.input(0)}, attributes, 2);
  node.result(0, node.emit("text_split", {node.input(0), counts[1]}, attributes));
  node.result(1, counts[0]);
}

void regex_full_match(Node& node) {
  Attributes attributes;
  attributes.set("pattern", node.text("pattern", ""));
  node.result(0, node.emit("regex_match", {node.input(0)}, std::move(attributes)));
}

/// Runs of texts are runs of their numbers in the pool.
void tf_idf_vectorizer(Node& node) {
  Attributes attributes = node.copied({"weights"});
  TensorId x = node.input(0);
  if (node.dtype(x) == DataType::string) {
    std::vector<std::int64_t> pool;
    x = numbered_texts(node, x, node.texts("pool_strings"), pool);
    attributes.set("pool", std::move(pool));
  } else {
    node.copy("pool_int64s", attributes, "pool");
  }
  node.copy("ngram_counts", attributes, "counts");
  node.copy("ngram_indexes", attributes, "indexes");
  node.copy("min_gram_length", attributes, "min_length");
  node.copy("max_gram_length", attributes, "max_length");
  node.copy("max_skip_count", attributes, "max_skip");
  std::string mode = node.text("mode", "TF");
  std::transform(mode.begin(), mode.end(), mode.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  attributes.set("mode", std::move(mode));
  node.result(0, node.emit("tf_idf", {x}, std::move(attributes)));
}

constexpr Row kRows[] = {{"StringNormalizer", string_normalizer},
                         {"StringConcat", string_concat},
                         {"StringSplit", string_split},
                         {"RegexFullMatch", regex_full_match},
                         {"TfIdfVectorizer", tf_idf_vectorizer}};

}  // namespace

std::span<const Row> text_rows() { return kRows; }

ConstantPtr constant_of_texts(const std::vector<std::string>& texts, const Dims& dims) {
  std::vector<std::uint64_t> ids;
  for (const std::string& text : texts) ids.push_back(text_id(text));
  return graph::make_constant(DataType::string, dims, ids.data(), ids.size() * sizeof(std::uint64_t));
}

TensorId texts_constant(Node& node, const std::vector<std::string>& texts) {
  return node.add_constant(constant_of_texts(texts, {static_cast<std::int64_t>(texts.size())}));
}

TensorId numbered_texts(Node& node, TensorId x, const std::vector<std::string>& pool,
                        std::vector<std::int64_t>& numbers) {
  std::map<std::string, std::int64_t> known;
  std::vector<std::string> texts;
  numbers.clear();
  for (const std::string& text : pool) {
    const auto [place, fresh] = known.try_emplace(text, static_cast<std::int64_t>(texts.size()));
    if (fresh) texts.push_back(text);
    numbers.push_back(place->second);
  }
  std::vector<std::int64_t> values(texts.size());
  std::iota(values.begin(), values.end(), std::int64_t{0});
  return node.emit("label_encoder",
                   {x, texts_constant(node, texts), node.integers_constant(values), node.integers_constant({-1})});
}

}  // namespace vireo::importer
