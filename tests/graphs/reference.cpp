#include "tests/graphs/reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include "engine/base/text.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"

namespace vireo::graphs_testing {
namespace {

using graph::ConstantPtr;
using graph::Graph;
using graph::TensorId;

// A disturbance is some eight roundings of float32; so many of them are what kRelative is.
constexpr double kDisturbance = 1e-6, kFactor = 60;
constexpr double kRelative = 6e-5, kOfLargest = 1e-6, kFloor = 1e-30;
constexpr int kRuns = 5;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // of a layer's outputs, where a disturbed shape is huge
constexpr double kUnchecked = 0.05;                       // an element that may move by this share says nothing

double largest_of(const graph::Constant& constant) {
  double largest = 0;
  for (const double v : graph::to_reals(constant))
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  return largest;
}

/// One way of moving values: all up, all down, or each at random.
struct Disturbance {
  int run = 0;
  bool inexact = false;
  std::mt19937 random;

  /// What a layer's errors are relative to beside its results.
  [[nodiscard]] double absolute_error(const Graph& graph, const graph::Layer& layer,
                                      const graph::Constant& value) const {
    const std::string function = layer.attributes.text("function", "");
    if (inexact && layer.op->name == "conv") return largest_of(value);  // Winograd's tiles
    // Differences of nearly equal numbers far below zero, and near it.
    if (function == "gelu" || function == "mish") return 0.05 * largest_of(*graph.tensor(layer.inputs[0]).constant);
    if (layer.attributes.text("mode", "") == "log_softmax") return 0.02;
    return 0;
  }

  /// Zeros of this layer may be numbers that only just are none.
  [[nodiscard]] static bool underflows(const graph::Layer& layer) {
    const std::string function = layer.attributes.text("function", "");
    const std::string_view op = layer.op->name;
    return op == "softmax" || op == "lstm" || op == "gru" || op == "rnn" || function == "sigmoid" ||
           function == "exp" || function == "softplus" || function == "silu" || function == "mish" ||
           function == "gelu";
  }

  double step() { return run == 0 ? 1 : run == 1 ? -1 : static_cast<double>(random() >> 8) * 0x1p-23 - 1; }

  /// `layer` made it; null: an input.
  ConstantPtr operator()(const Graph& graph, const graph::Layer* layer, const ConstantPtr& value) {
    if (!is_float(value->dtype)) return value;
    const graph::MutableConstant moved = graph::new_constant(value->dtype, value->dims);
    if (value->bytes() > 0) std::memcpy(moved.data, value->read(), value->bytes());
    const std::int64_t count = value->count();
    if (value->dtype == DataType::float32) {
      auto* v = moved.as<float>();
      const double around = layer ? absolute_error(graph, *layer, *value) : 0;
      const float tiny = layer && underflows(*layer) ? std::numeric_limits<float>::min() : 0;
      for (std::int64_t i = 0; i < count; ++i)
        if (v[i] == 0 && tiny > 0 && around == 0) v[i] = step() > 0 ? tiny : 0;
        else if (std::isfinite(v[i]))
          v[i] = static_cast<float>(v[i] + step() * kDisturbance * (std::abs(static_cast<double>(v[i])) + around));
    } else if (value->dtype == DataType::float64) {
      auto* v = moved.as<double>();
      for (std::int64_t i = 0; i < count; ++i) v[i] *= 1 + step() * kDisturbance;
    } else {  // 16 bits: one step to a neighbour
      auto* v = moved.as<std::uint16_t>();
      for (std::int64_t i = 0; i < count; ++i)
        if ((v[i] & 0x7fff) != 0 && (v[i] & 0x7c00) != 0x7c00)
          v[i] = static_cast<std::uint16_t>(v[i] + (step() > 0 ? 1 : -1));
    }
    return moved.constant;
  }
};

bool same_kind(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return true;
}

}  // namespace

Expected expect_outputs(const Graph& graph, const std::vector<ConstantPtr>& inputs, bool inexact) {
  Expected expected;
  expected.outputs = graph::evaluate_graph(graph, inputs);
  for (int run = 0; run < kRuns; ++run) {
    Disturbance disturb{run, inexact, std::mt19937(static_cast<std::uint32_t>(run))};
    std::vector<ConstantPtr> outputs;
    try {
      outputs = graph::evaluate_graph(graph, inputs, std::ref(disturb), kMostBytes);
    } catch (const Error&) {  // a computed shape or index moved: nothing after it is stable
      outputs.assign(graph.outputs().size(), nullptr);
    }
    expected.disturbed.push_back(std::move(outputs));
  }
  return expected;
}

Comparison compare_output(const Expected& expected, std::size_t k, const graph::Constant& found) {
  const graph::Constant& wanted = *expected.outputs[k];
  Comparison result;
  result.elements = wanted.count();
  if (found.dtype != wanted.dtype) {
    result.difference = base::str("is ", found.dtype, ", expected ", wanted.dtype);
    return result;
  }
  std::vector<std::vector<double>> others;
  for (const auto& outputs : expected.disturbed) {
    if (!outputs[k] || outputs[k]->dims != wanted.dims) {
      result.unchecked = result.elements;
      return result;
    }
    others.push_back(graph::to_reals(*outputs[k]));
  }
  if (found.dims != wanted.dims) {
    result.difference = base::str("is ", found.dims, ", expected ", wanted.dims);
    return result;
  }
  const std::vector<double> want = graph::to_reals(wanted), have = graph::to_reals(found);
  const bool real = is_float(wanted.dtype);
  double largest = 0, sum = 0;
  std::int64_t finite = 0;
  for (const double v : want)
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v)), sum += std::abs(v), ++finite;
  const double usual = finite > 0 ? sum / static_cast<double>(finite) : 0;
  const double rounding = wanted.dtype == DataType::float16    ? 2e-3
                          : wanted.dtype == DataType::bfloat16 ? 1.6e-2
                                                               : kRelative;
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    double moved = 0;
    bool stable = true;
    for (const std::vector<double>& other : others) {
      stable = stable && same_kind(other[i], want[i]) && (real || other[i] == want[i]);
      if (std::isfinite(want[i])) moved = std::max(moved, std::abs(other[i] - want[i]));
    }
    if (!stable || kFactor * moved > kUnchecked * std::max(std::abs(want[i]), usual)) {
      ++result.unchecked;
      continue;
    }
    const double allowed = real ? rounding * std::abs(want[i]) + kOfLargest * largest + kFactor * moved + kFloor : 0.0;
    const bool good =
        same_kind(have[i], want[i]) && (!std::isfinite(want[i]) || std::abs(have[i] - want[i]) <= allowed);
    if (good) continue;
    if (wrong++ == 0)
      result.difference = base::str("[", static_cast<std::int64_t>(i), "] of ", wanted.dims, " ", wanted.dtype, " is ",
                                    have[i], ", expected ", want[i], " within ", allowed);
  }
  if (wrong > 0) result.difference += base::str("; ", wrong, " of ", result.elements, " elements are wrong");
  return result;
}

}  // namespace vireo::graphs_testing
