// Walks the operator table: every case of every operator through every tactic that this processor runs, against the
// reference, with tight buffers, tiles in random order, and (where a tactic takes them) strided innermost rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "engine/base/cpu.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/ops/cases.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/table.h"
#include "tests/support/bf16_operands.h"
#include "tests/support/launch_runner.h"

namespace vireo {
namespace {

using graph::ConstantPtr;
using graph::Desc;
using graph::Graph;
using graph::Problem;
using graph::Tactic;
using ops::Case;

struct Tolerance {
  double absolute, relative;  ///< absolute: of the largest expected magnitude
};
Tolerance tolerance_of(DataType type, bool exact) {
  switch (type) {
    case DataType::float32: return exact ? Tolerance{4e-6, 2e-5} : Tolerance{2e-3, 2e-3};
    case DataType::float64: return {1e-12, 1e-12};
    case DataType::float16: return {2e-3, 2e-3};
    case DataType::bfloat16: return {1e-2, 1e-2};
    default: return {0, 0};
  }
}

ConstantPtr make_value(DataType type, const Dims& dims, const std::vector<double>* given, std::mt19937& random) {
  graph::MutableConstant value = graph::new_constant(type, dims);
  const auto count = static_cast<std::size_t>(element_count(dims));
  std::uniform_real_distribution<double> real(-4, 4);
  std::uniform_int_distribution<int> integer(
      type == DataType::uint8 || type == DataType::uint16 || type == DataType::uint32 || type == DataType::uint64 ? 0
                                                                                                                  : -5,
      9);
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

Sample make_sample(const graph::Operator& op, const Case& test, std::mt19937& random) {
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
        value.as<float>()[i] = attention && k < 3
                                   ? static_cast<float>(ops::BFloat(value.as<float>()[i]))
                                   : testing::as_bf16_operand(test.attributes, product, k, value.as<float>()[i]);
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

void expect_close(DataType type, const std::byte* found, const std::byte* expected, std::int64_t count, bool exact) {
  const auto [absolute, relative] = tolerance_of(type, exact);
  const Dims dims{count};
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

enum class Strides { dense, wide_inputs, wide_outputs };

/// One tactic on one sample. `constants`: bit k, input k is known when the kernel is prepared.
void run_tactic(const Tactic& tactic, const Sample& sample, std::uint32_t constants, Strides strides, int workers,
                std::mt19937& random, bool in_place) {
  const graph::Layer& layer = sample.graph.layer(sample.layer);
  Problem problem{.op = layer.op, .attributes = &layer.attributes, .workers = workers};
  const auto pitch_of = [](const Dims& dims, bool wide) { return dims.empty() ? 0 : dims.back() + (wide ? 5 : 0); };
  for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
    const bool known = (constants >> k & 1u) != 0;
    const ConstantPtr& value = sample.inputs[k];
    problem.inputs.push_back({value->dtype, value->dims,
                              pitch_of(value->dims, strides == Strides::wide_inputs && !known),
                              known ? value : nullptr});
  }
  for (graph::TensorId id : layer.outputs) {
    const graph::Tensor& tensor = sample.graph.tensor(id);
    problem.outputs.push_back(
        {tensor.dtype, tensor.dims, pitch_of(tensor.dims, strides == Strides::wide_outputs), nullptr});
  }
  if (tactic.refuse && !tactic.refuse(problem).empty()) return;
  SCOPED_TRACE(std::string(tactic.name) +
               (strides == Strides::dense         ? ""
                : strides == Strides::wide_inputs ? ", wide inputs"
                                                  : ", wide outputs") +
               (in_place ? ", in place" : "") + ", constants " + std::to_string(constants) + ", workers " +
               std::to_string(workers));
  const graph::Launch launch = tactic.prepare(problem);
  std::vector<Buffer> inputs, outputs;
  std::vector<const void*> input_pointers;
  std::vector<void*> output_pointers;
  for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
    inputs.emplace_back(problem.inputs[k].dtype, problem.inputs[k].dims, problem.inputs[k].pitch);
    inputs.back().write(sample.inputs[k]->data.get());
  }
  for (const Desc& desc : problem.outputs) outputs.emplace_back(desc.dtype, desc.dims, desc.pitch);
  const bool shared = in_place && inputs[0].bytes.size() == outputs[0].bytes.size() &&
                      sample.inputs[0]->dtype == problem.outputs[0].dtype;
  if (in_place && !shared) return;
  // The address of an unread input is null, to see that it is not read.
  for (std::size_t k = 0; k < inputs.size(); ++k)
    input_pointers.push_back((launch->unread_inputs >> k & 1u) != 0 ? nullptr
                                                                    : static_cast<const void*>(inputs[k].bytes.data()));
  for (Buffer& buffer : outputs) output_pointers.push_back(buffer.bytes.data());
  if (shared) output_pointers[0] = inputs[0].bytes.data();
  const char* fault = vireo::testing::run_launch(launch, input_pointers, output_pointers, random);
  ASSERT_EQ(fault, nullptr) << fault;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    SCOPED_TRACE("output " + std::to_string(k));
    const Buffer& buffer = shared && k == 0 ? inputs[0] : outputs[k];
    EXPECT_TRUE(buffer.gaps_survive()) << "wrote between the rows";
    const bool bf16 = tactic.arithmetic == Precision::bf16;
    const ConstantPtr& expected = bf16 ? sample.expected_bf16[k] : sample.expected[k];
    // Attention rounds once more, between its two products.
    expect_close(problem.outputs[k].dtype, buffer.read().data(), expected->data.get(),
                 element_count(problem.outputs[k].dims), tactic.exact || (bf16 && layer.op->name != "attention"));
  }
}

bool runs_here(graph::Isa isa) { return graph::runs_on(isa, base::cpu_features()); }

class Table : public ::testing::TestWithParam<const graph::Operator*> {};

TEST_P(Table, EveryTacticAgreesWithTheReference) {
  const graph::Operator& op = *GetParam();
  ASSERT_NE(op.infer, nullptr);
  ASSERT_NE(op.reference, nullptr);
  const std::vector<Case> cases = ops::cases_of(op);
  ASSERT_FALSE(cases.empty()) << "an operator without cases is not tested";
  const unsigned seed = static_cast<unsigned>(std::hash<std::string_view>{}(op.name));
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const Case& test : cases) {
    SCOPED_TRACE("case " + std::string(test.name));
    std::mt19937 random(seed);
    Sample sample;
    ASSERT_NO_THROW(sample = make_sample(op, test, random));
    ASSERT_EQ(sample.expected.size(), static_cast<std::size_t>(test.outputs))
        << "the shape rule leaves extents unknown";
    if (!op.tactics) continue;
    std::uint32_t stated = 0, rest = 0;
    for (const auto& [k, values] : test.constants) stated |= 1u << k;
    for (std::size_t k = 1; k < sample.inputs.size() && k < 32; ++k) rest |= 1u << k;
    for (const Tactic& tactic : op.tactics()) {
      if (!runs_here(tactic.isa) || tactic.device != "cpu") continue;
      for (std::uint32_t constants : {stated, stated | rest})
        for (Strides strides : {Strides::dense, Strides::wide_inputs, Strides::wide_outputs})
          ASSERT_NO_FATAL_FAILURE(run_tactic(tactic, sample, constants, strides, 2, random, false));
      ASSERT_NO_FATAL_FAILURE(run_tactic(tactic, sample, stated | rest, Strides::dense, 1, random, false));
      if (op.in_place) {
        ASSERT_NO_FATAL_FAILURE(run_tactic(tactic, sample, stated, Strides::dense, 2, random, true));
      }
    }
  }
}

TEST(Operators, AreFoundByName) {
  for (const graph::Operator* op : ops::all_operators()) EXPECT_EQ(ops::find_operator(op->name), op);
  EXPECT_EQ(ops::find_operator("no such operator"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Operators, Table,
                         ::testing::ValuesIn(ops::all_operators().begin(), ops::all_operators().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace vireo
