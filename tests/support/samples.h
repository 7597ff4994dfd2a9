#pragma once
// A case of an operator with values and what the reference makes of them, buffers with gaps between rows, and the
// comparison of results. For tests of kernels; single thread.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/ops/cases.h"
#include "engine/ops/shared/reference.h"
#include "tests/support/bf16_operands.h"
#include "tests/support/texts.h"

namespace vireo::testing {

using graph::ConstantPtr;
using graph::Desc;
using graph::Graph;
using graph::Problem;
using graph::Tactic;
using ops::Case;

struct Tolerance {
  double absolute, relative;  ///< absolute: of the largest expected magnitude
};
inline Tolerance tolerance_of(DataType type, bool exact) {
  switch (type) {
    case DataType::float32: return exact ? Tolerance{4e-6, 2e-5} : Tolerance{2e-3, 2e-3};
    case DataType::float64: return {1e-12, 1e-12};
    case DataType::float16: return {2e-3, 2e-3};
    case DataType::bfloat16: return {1e-2, 1e-2};
    default: return {0, 0};
  }
}

inline ConstantPtr make_value(DataType type, const Dims& dims, const std::vector<double>* given, std::mt19937& random) {
  graph::MutableConstant value = graph::new_constant(type, dims);
  const auto count = static_cast<std::size_t>(element_count(dims));
  std::uniform_real_distribution<double> real(-4, 4);
  std::uniform_int_distribution<int> integer(
      type == DataType::uint8 || type == DataType::uint16 || type == DataType::uint32 || type == DataType::uint64 ? 0
                                                                                                                  : -5,
      9);
  if (type == DataType::string) {
    for (std::size_t i = 0; i < count; ++i)
      value.as<std::uint64_t>()[i] = sample_text(given && !given->empty() ? given->at(i) : integer(random));
    return value.constant;
  }
  if (is_narrow(type)) {
    std::vector<double> drawn(count);
    for (std::size_t i = 0; i < count; ++i) drawn[i] = given && !given->empty() ? given->at(i) : real(random);
    ops::from_doubles(drawn, {type, dims, value.data});
    return value.constant;
  }
  ops::dispatch_any(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::size_t i = 0; i < count; ++i) {
      const double drawn = std::is_same_v<T, bool> ? (random() & 1) : is_float(type) ? real(random) : integer(random);
      value.as<T>()[i] = static_cast<T>(given && !given->empty() ? given->at(i) : drawn);
    }
  });
  return value.constant;
}

/// The case as a graph of one layer, with values for its inputs and what the reference makes of them.
struct Sample {
  Graph graph;
  graph::LayerId layer = -1;
  std::vector<ConstantPtr> inputs, expected;
  std::vector<ConstantPtr> expected_bf16;  ///< of rounded operands, where the operator has tactics of bfloat16 products
};

inline Sample make_sample(const graph::Operator& op, const Case& test, std::mt19937& random) {
  Sample sample;
  std::vector<graph::TensorId> ids;
  for (std::size_t k = 0; k < test.inputs.size(); ++k) {
    const DataType type = k < test.dtypes.size() ? test.dtypes[k] : DataType::float32;
    const auto given = test.constants.find(static_cast<int>(k));
    sample.inputs.push_back(
        make_value(type, test.inputs[k], given == test.constants.end() ? nullptr : &given->second, random));
    ids.push_back(sample.graph.add_constant("input" + std::to_string(k), sample.inputs.back()));
  }
  sample.layer = sample.graph.add_layer(op, "layer", ids, test.attributes, test.outputs);
  for (graph::TensorId id : sample.graph.layer(sample.layer).outputs)
    if (op.data_dependent_axis) sample.graph.tensor(id).dims = sample.graph.bound_dims(sample.layer);
  sample.expected = graph::evaluate_layer(sample.graph, sample.layer, std::size_t{1} << 32);
  const auto is_bf16 = [](const Tactic& tactic) { return tactic.arithmetic == Precision::bf16; };
  if (!op.tactics || std::none_of(op.tactics().begin(), op.tactics().end(), is_bf16)) return sample;
  Graph rounded;
  const bool product = op.name == "gemm" || op.name == "matmul", attention = op.name == "attention";
  for (std::size_t k = 0; k < ids.size(); ++k) {
    graph::MutableConstant value = graph::new_constant(sample.inputs[k]->dtype, sample.inputs[k]->dims);
    if (sample.inputs[k]->bytes() > 0) std::memcpy(value.data, sample.inputs[k]->data.get(), sample.inputs[k]->bytes());
    if (sample.inputs[k]->dtype == DataType::float32)
      for (std::int64_t i = 0; i < sample.inputs[k]->count(); ++i)
        value.as<float>()[i] = attention && k < 3 ? static_cast<float>(ops::BFloat(value.as<float>()[i]))
                                                  : as_bf16_operand(test.attributes, product, k, value.as<float>()[i]);
    ids[k] = rounded.add_constant("input" + std::to_string(k), value.constant);
  }
  sample.expected_bf16 = graph::evaluate_layer(
      rounded, rounded.add_layer(op, "layer", ids, test.attributes, test.outputs), std::size_t{1} << 32);
  return sample;
}

/// Rows of the innermost axis `pitch` elements apart, the gaps filled with a pattern that must survive.
struct Buffer {
  std::vector<std::byte> bytes;
  std::size_t row, pitch, rows;

  Buffer(DataType type, const Dims& dims, std::int64_t pitch_elements) {
    const std::size_t size = size_of(type);
    row = dims.empty() ? size : static_cast<std::size_t>(dims.back()) * size;
    pitch = dims.empty() ? size : static_cast<std::size_t>(pitch_elements) * size;
    rows = row == 0 ? 0 : static_cast<std::size_t>(element_count(dims)) * size / row;
    bytes.assign(rows == 0 ? 0 : (rows - 1) * pitch + row, std::byte{0xfb});
  }
  void write(const std::byte* dense) {
    for (std::size_t r = 0; r < rows; ++r) std::memcpy(&bytes[r * pitch], dense + r * row, row);
  }
  [[nodiscard]] std::vector<std::byte> read() const {
    std::vector<std::byte> dense(rows * row);
    for (std::size_t r = 0; r < rows; ++r) std::memcpy(&dense[r * row], &bytes[r * pitch], row);
    return dense;
  }
  [[nodiscard]] bool gaps_survive() const {
    for (std::size_t r = 0; r + 1 < rows; ++r)
      for (std::size_t i = row; i < pitch; ++i)
        if (bytes[r * pitch + i] != std::byte{0xfb}) return false;
    return true;
  }
};

inline void expect_close(DataType type, const std::byte* found, const std::byte* expected, std::int64_t count,
                         bool exact) {
  const auto [absolute, relative] = tolerance_of(type, exact);
  const Dims dims{count};
  if (type == DataType::string) type = DataType::uint64;  // ids
  const std::vector<double> a = ops::to_doubles({type, dims, const_cast<std::byte*>(found)}),
                            b = ops::to_doubles({type, dims, const_cast<std::byte*>(expected)});
  double scale = 0;
  for (double v : b)
    if (std::isfinite(v)) scale = std::max(scale, std::abs(v));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double error = std::abs(a[i] - b[i]);
    ASSERT_LE(error, absolute * scale + relative * std::abs(b[i]))
        << "element " << i << " is " << a[i] << ", expected " << b[i];
  }
}

}  // namespace vireo::testing
