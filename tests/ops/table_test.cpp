// Walks the operator table: every case of every operator through every tactic that this processor runs, against the
// reference, with tight buffers, tiles in random order, and (where a tactic takes them) strided innermost rows.
#include <gtest/gtest.h>

#include <random>

#include "engine/base/cpu.h"
#include "engine/ops/table.h"
#include "tests/support/launch_runner.h"
#include "tests/support/samples.h"

namespace vireo {
namespace {

using graph::ConstantPtr;
using graph::Desc;
using graph::Graph;
using graph::Problem;
using graph::Tactic;
using ops::Case;
using testing::Buffer;
using testing::expect_close;
using testing::make_sample;
using testing::Sample;

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
