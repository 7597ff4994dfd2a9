#pragma once
// Text graphs in, text graphs out, and the same numbers on both sides: what the tests of the passes share.
// A network is written in the engine's text form; large constants as `@seed` get random values from that seed.

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/graph/text.h"
#include "engine/ops/table.h"
#include "engine/passes/passes.h"

namespace vireo::passes_testing {

using namespace vireo::graph;

inline ConstantPtr random_constant(DataType dtype, const Dims& dims, std::size_t seed, double low = -1,
                                   double high = 1) {
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  std::uniform_real_distribution<double> real(low, high);
  const MutableConstant result = new_constant(dtype, dims);
  for (std::int64_t i = 0; i < element_count(dims); ++i) {
    const double value = real(random);
    if (dtype == DataType::float32) result.as<float>()[i] = static_cast<float>(value);
    if (dtype == DataType::int64) result.as<std::int64_t>()[i] = static_cast<std::int64_t>(value * 3);
    if (dtype == DataType::uint8)
      result.as<std::uint8_t>()[i] = static_cast<std::uint8_t>(255 * (value - low) / (high - low));
  }
  return result.constant;
}

inline Graph parse(std::string_view text) {
  // Variances come from here too: keep constants positive.
  return parse_text(text, ops::find_operator,
                    [](const std::string&, DataType dtype, const Dims& dims, std::size_t seed,
                       std::optional<std::uint64_t>) { return random_constant(dtype, dims, seed, 0.1, 1); });
}

/// One line a layer: number, operator (and function), inputs (numbers of layers, names of inputs, extents of
/// constants), attributes.
inline std::string summary(const Graph& graph) {
  std::map<TensorId, std::string> names;
  for (const TensorId input : graph.inputs()) names[input] = graph.tensor(input).name;
  std::string text;
  int number = 0;
  for (const LayerId id : graph.topological_order()) {
    const Layer& layer = graph.layer(id);
    const std::string label = std::to_string(++number);
    for (std::size_t k = 0; k < layer.outputs.size(); ++k)
      names[layer.outputs[k]] = layer.outputs.size() == 1 ? label : label + ":" + std::to_string(k);
    const std::string function = layer.attributes.text("function", "");
    text += base::str(label, " ", function.empty() ? std::string(layer.op->name) : function, "(");
    bool first = true;
    for (const TensorId input : layer.inputs) {
      if (!first) text += ", ";
      first = false;
      const Constant* constant = input == kNone ? nullptr : graph.tensor(input).constant.get();
      if (input == kNone) {
        text += "-";
      } else if (constant != nullptr && is_integer(constant->dtype)) {
        text += "[";
        for (const std::int64_t value : to_integers(*constant)) text += base::str(text.back() == '[' ? "" : " ", value);
        text += "]";
      } else {
        text += constant != nullptr ? to_string(constant->dims) : names[input];
      }
    }
    text += ")";
    for (const auto& [name, value] : layer.attributes.all()) {
      if (name == "function") continue;
      text += " " + name + "=";
      if (const auto* v = std::get_if<std::int64_t>(&value)) text += std::to_string(*v);
      if (const auto* v = std::get_if<double>(&value)) base::append(text, std::round(*v * 1e4) / 1e4);
      if (const auto* v = std::get_if<std::string>(&value)) text += *v;
      if (const auto* v = std::get_if<std::vector<std::int64_t>>(&value))
        for (std::size_t i = 0; i < v->size(); ++i) text += base::str(i == 0 ? "" : ",", (*v)[i]);
    }
    text += "\n";
  }
  text += "outputs";
  for (const Graph::Output& output : graph.outputs()) text += " " + names[output.tensor];
  return text + "\n";
}

inline std::vector<ConstantPtr> random_inputs(const Graph& graph, std::size_t seed, std::int64_t unknown_extent) {
  std::vector<ConstantPtr> inputs;
  for (const TensorId id : graph.inputs()) {
    Dims dims = graph.tensor(id).dims;
    for (std::int64_t& extent : dims)
      if (extent < 0) extent = unknown_extent;
    inputs.push_back(random_constant(graph.tensor(id).dtype, dims, seed++, -3, 3));
  }
  return inputs;
}

/// Both networks give the same outputs for the same random inputs, up to rounding.
inline void expect_equal_results(const Graph& before, const Graph& after, double tolerance = 2e-5) {
  for (const std::size_t seed : {11u, 12u}) {
    const std::vector<ConstantPtr> inputs = random_inputs(before, seed, static_cast<std::int64_t>(seed) - 7);
    const std::vector<ConstantPtr> expected = evaluate_graph(before, inputs);
    const std::vector<ConstantPtr> found = evaluate_graph(after, inputs);
    ASSERT_EQ(expected.size(), found.size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
      ASSERT_EQ(expected[k]->dtype, found[k]->dtype) << "output " << k;
      ASSERT_EQ(expected[k]->dims, found[k]->dims) << "output " << k;
      const std::vector<double> a = to_reals(*expected[k]), b = to_reals(*found[k]);
      double error = 0, norm = 1e-30;
      for (std::size_t i = 0; i < a.size(); ++i) {
        error += (a[i] - b[i]) * (a[i] - b[i]);
        norm += a[i] * a[i];
      }
      EXPECT_LE(std::sqrt(error / norm), tolerance) << "output " << k << ", seed " << seed;
    }
  }
}

/// Runs the passes one after the other and compares what comes out.
inline void expect_rewrite(std::initializer_list<std::string_view> names, std::string_view before,
                           std::string_view after) {
  const Graph original = parse(before);
  Graph graph = original;
  for (const std::string_view name : names) passes::run_pass(graph, name);
  graph.compact();
  EXPECT_EQ(summary(graph), after);
  expect_equal_results(original, graph);
}

/// The passes find nothing to do.
inline void expect_untouched(std::string_view name, std::string_view text) {
  Graph graph = parse(text);
  const std::string before = summary(graph);
  EXPECT_FALSE(passes::run_pass(graph, name)) << name;
  EXPECT_EQ(summary(graph), before);
}

}  // namespace vireo::passes_testing
