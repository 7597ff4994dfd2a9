#pragma once
// What the recipes of the random graphs share: a graph that grows layer by layer, evaluated as it grows, and draws from
// one stream of random numbers. A recipe adds a few layers; when one does not fit it throws, and nothing of it stays.
// For the files of this folder; one thread.

#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/graph/operator.h"
#include "tests/graphs/random_graph.h"

namespace vireo::graphs_testing {

using graph::Attributes;
using graph::ConstantPtr;
using graph::Graph;
using graph::kNone;
using graph::TensorId;
using Ints = std::vector<std::int64_t>;
using AttributeList = std::initializer_list<std::pair<std::string_view, AttributeValue>>;

/// Why a recipe gave up.
struct Rejected : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // Numbers.
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(count));
  }
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool chance(double p) { return real(0, 1) < p; }
  double real(double low, double high) { return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53; }
  template <typename T>
  T one_of(std::initializer_list<T> list) {
    return list.begin()[below(static_cast<std::int64_t>(list.size()))];
  }
  const char* name_of(std::initializer_list<const char*> list) { return one_of(list); }
  /// A small extent, often one beside a vector's width.
  std::int64_t extent() { return one_of<std::int64_t>({1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17}); }
  std::int64_t channels() { return one_of<std::int64_t>({1, 2, 3, 4, 6, 7, 8, 12, 16, 17, 24, 32, 33}); }
  /// A number as models have them, or one that only tests have.
  double awkward();
  Ints permutation(std::size_t rank);

  // Tensors.
  [[nodiscard]] const Dims& dims(TensorId t) const { return values_.tensor(t).dims; }
  [[nodiscard]] std::size_t rank(TensorId t) const { return dims(t).size(); }
  [[nodiscard]] DataType dtype(TensorId t) const { return values_.tensor(t).dtype; }
  [[nodiscard]] std::int64_t count(TensorId t) const { return element_count(dims(t)); }
  [[nodiscard]] const ConstantPtr& value(TensorId t) const { return values_.tensor(t).constant; }
  /// A tensor that some layer or input gave, of these ranks; newer ones more often. Throws Rejected without one.
  TensorId pick(DataType type = DataType::float32, std::size_t low = 0, std::size_t high = 5);
  /// One of exactly these extents; kNone without one.
  TensorId pick_like(DataType type, const Dims& wanted, TensorId but = kNone);
  /// A tensor of these extents, whatever it takes: layers that cut it from another, or repeat it.
  TensorId shaped(const Dims& wanted);

  TensorId input(DataType type, const Dims& dims, bool unknown_batch = false);
  TensorId floats(const Dims& dims, double low = -1, double high = 1);
  TensorId constant(const Dims& dims, const std::vector<double>& values, DataType type = DataType::float32);
  TensorId scalar(double v) { return constant(chance(0.7) ? Dims{} : Dims{1}, {v}); }
  TensorId ints(const Ints& values);
  /// Weights: constants, or rarely a tensor of the network.
  TensorId weight(const Dims& dims, double low = -1, double high = 1);

  // Layers. Each is inferred and evaluated; Rejected or Error when it can't be, or its numbers leave the range.
  std::vector<TensorId> layers(std::string_view op, std::vector<TensorId> inputs, AttributeList attributes,
                               int outputs);
  std::vector<TensorId> layers(std::string_view op, std::vector<TensorId> inputs, Attributes attributes, int outputs);
  TensorId layer(std::string_view op, std::vector<TensorId> inputs, AttributeList attributes = {}) {
    return layers(op, std::move(inputs), attributes, 1)[0];
  }
  TensorId layer(std::string_view op, std::vector<TensorId> inputs, Attributes attributes) {
    return layers(op, std::move(inputs), std::move(attributes), 1)[0];
  }
  TensorId unary(const char* function, TensorId x) {
    return layer("unary", {x}, {{"function", std::string(function)}});
  }
  TensorId binary(const char* function, TensorId a, TensorId b) {
    return layer("binary", {a, b}, {{"function", std::string(function)}});
  }
  TensorId either_way(const char* function, TensorId a, TensorId b) {
    return chance(0.5) ? binary(function, a, b) : binary(function, b, a);
  }
  TensorId reshape(TensorId x, const Ints& shape) { return layer("reshape", {x, ints(shape)}); }
  TensorId transpose(TensorId x, const Ints& perm) { return layer("transpose", {x}, {{"perm", perm}}); }
  TensorId activation(TensorId x);

  [[nodiscard]] int layer_count() const { return graph_.layer_count(); }
  /// Runs a recipe; false when it gave up and nothing of it stays.
  bool attempt(void (*recipe)(Generator&));
  /// Marks outputs, leaves some out, and hands everything over.
  Sample finish();

 private:
  void keep_spread(const graph::Layer& layer);
  void keep_in_range(const graph::Layer& layer, const std::vector<ConstantPtr>& results);

  std::mt19937_64 random_;
  Graph graph_;   ///< what is made
  Graph values_;  ///< the same with every input known, so that every tensor is a constant; ids are the same
  std::vector<TensorId> tensors_;  ///< network inputs and outputs of layers, in order
  bool unknown_batch_ = false;
};

/// The recipes, by file.
struct Recipe {
  const char* name;
  int weight;
  void (*run)(Generator&);
};
[[nodiscard]] std::vector<Recipe> elementwise_recipes();
[[nodiscard]] std::vector<Recipe> activation_recipes();
[[nodiscard]] std::vector<Recipe> image_recipes();
[[nodiscard]] std::vector<Recipe> movement_recipes();
[[nodiscard]] std::vector<Recipe> lookup_recipes();
[[nodiscard]] std::vector<Recipe> product_recipes();

}  // namespace vireo::graphs_testing
