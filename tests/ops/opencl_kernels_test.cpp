// Every case of every operator through every OpenCL kernel that takes it, on the first OpenCL device, against the
// reference: in float32 as the case is, and with float16 in its place; dense and with gaps between rows; in place.
// VIREO_OPENCL_DEVICE names another device.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <set>

#include "engine/ops/table.h"
#include "tests/support/device_runner.h"
#include "tests/support/samples.h"

namespace vireo {
namespace {

using graph::Problem;
using graph::Tactic;
using ops::Case;
using testing::Buffer;
using testing::Sample;

testing::DeviceRunner* the_runner = nullptr;

/// odd: rows and tensors at places that nothing but elements is aligned to.
enum class Strides { dense, wide_inputs, wide_outputs, odd };

/// False where the tactic refuses.
bool run_tactic(const Tactic& tactic, const Sample& sample, std::uint32_t constants, Strides strides, bool in_place) {
  const graph::Layer& layer = sample.graph.layer(sample.layer);
  Problem problem{.op = layer.op, .attributes = &layer.attributes, .target = &the_runner->target()};
  const bool odd = strides == Strides::odd;
  const auto pitch_of = [&](const Dims& dims, bool wide) {
    return dims.empty() ? 0 : dims.back() + (odd ? 5 : wide ? 8 : 0);
  };
  const auto alignment_of = [&](DataType type) { return odd ? static_cast<std::int32_t>(size_of(type)) : 64; };
  for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
    const bool known = (constants >> k & 1u) != 0;
    const graph::ConstantPtr& value = sample.inputs[k];
    problem.inputs.push_back({value->dtype, value->dims,
                              pitch_of(value->dims, strides == Strides::wide_inputs && !known), known ? value : nullptr,
                              alignment_of(value->dtype)});
    if (known) problem.inputs.back().pitch = value->dims.empty() ? 0 : value->dims.back();
  }
  for (graph::TensorId id : layer.outputs) {
    const graph::Tensor& tensor = sample.graph.tensor(id);
    problem.outputs.push_back({tensor.dtype, tensor.dims, pitch_of(tensor.dims, strides == Strides::wide_outputs),
                               nullptr, alignment_of(tensor.dtype)});
  }
  if (tactic.refuse && !tactic.refuse(problem).empty()) return false;
  const graph::Launch launch = tactic.prepare(problem);
  std::vector<Buffer> inputs, outputs;
  for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
    inputs.emplace_back(problem.inputs[k].dtype, problem.inputs[k].dims, problem.inputs[k].pitch);
    inputs.back().write(sample.inputs[k]->data.get());
  }
  for (const graph::Desc& desc : problem.outputs) outputs.emplace_back(desc.dtype, desc.dims, desc.pitch);
  if (in_place &&
      (inputs[0].bytes.size() != outputs[0].bytes.size() || sample.inputs[0]->dtype != problem.outputs[0].dtype))
    return false;
  std::vector<std::vector<std::byte>*> from, to;
  for (Buffer& buffer : inputs) from.push_back(&buffer.bytes);
  for (Buffer& buffer : outputs) to.push_back(&buffer.bytes);
  SCOPED_TRACE(std::string(tactic.name) +
               (strides == Strides::dense         ? ""
                : strides == Strides::wide_inputs ? ", wide inputs"
                : odd                             ? ", odd places"
                                                  : ", wide outputs") +
               (in_place ? ", in place" : "") + ", constants " + std::to_string(constants));
  const Status status = the_runner->run(launch, problem, from, to, in_place);
  EXPECT_TRUE(status.ok()) << status.message();
  for (std::size_t k = 0; k < outputs.size() && status.ok(); ++k) {
    SCOPED_TRACE("output " + std::to_string(k));
    if (!in_place) EXPECT_TRUE(outputs[k].gaps_survive()) << "wrote between the rows";
    testing::expect_close(problem.outputs[k].dtype, outputs[k].read().data(), sample.expected[k]->data.get(),
                          element_count(problem.outputs[k].dims), tactic.exact);
  }
  return true;
}

/// float32 tensors become float16; those that the operator wants to stay stay (it says so by refusing).
bool to_half(Case& test) {
  bool any = false;
  test.dtypes.resize(test.inputs.size(), DataType::float32);
  for (DataType& type : test.dtypes)
    if (type == DataType::float32) {
      type = DataType::float16;
      any = true;
    }
  return any;
}

class OpenclKernels : public ::testing::TestWithParam<const graph::Operator*> {};

TEST_P(OpenclKernels, AgreeWithTheReference) {
  if (!the_runner) GTEST_SKIP() << "no OpenCL device here";
  const graph::Operator& op = *GetParam();
  if (!op.tactics) GTEST_SKIP() << "only the reference";
  std::set<std::string_view> ran, all;
  for (const Tactic& tactic : op.tactics())
    if (tactic.device == "opencl") all.insert(tactic.name);
  if (all.empty()) GTEST_SKIP() << "no kernel";
  const auto seed = static_cast<unsigned>(std::hash<std::string_view>{}(op.name));
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const bool half : {false, true})
    for (Case test : ops::cases_of(op)) {
      if (half && !to_half(test)) continue;
      SCOPED_TRACE("case " + std::string(test.name) + (half ? " in float16" : ""));
      std::mt19937 random(seed);
      Sample sample;
      try {
        sample = testing::make_sample(op, test, random);
      } catch (const Error&) {
        EXPECT_TRUE(half);
        continue;
      }
      std::uint32_t stated = 0;
      for (const auto& [k, values] : test.constants) stated |= 1u << k;
      for (const Tactic& tactic : op.tactics()) {
        if (tactic.device != "opencl") continue;
        bool took = false;
        for (const Strides strides : {Strides::dense, Strides::wide_inputs, Strides::wide_outputs, Strides::odd})
          took |= run_tactic(tactic, sample, stated, strides, false);
        if (op.in_place) took |= run_tactic(tactic, sample, stated, Strides::dense, true);
        if (took) ran.insert(tactic.name);
        if (HasFatalFailure()) return;
      }
    }
  const device::OpenclFacts& facts = the_runner->target().opencl;
  for (const std::string_view name : all) {
    // Some are for devices that this one is not.
    const bool mma = name.find("_mma_") != std::string_view::npos || name.find("_first_") != std::string_view::npos;
    const bool lacking =
        ((name.find("wgmma") != std::string_view::npos || name == "conv_patches_opencl") && !facts.wgmma) ||
        (mma && !facts.mma);
    const bool for_processors =
        name.find("_blocks_") != std::string_view::npos || name.find("_queries_") != std::string_view::npos;
    EXPECT_TRUE(lacking || (for_processors && !facts.on_processor) || ran.contains(name)) << name << " took no case";
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, OpenclKernels,
                         ::testing::ValuesIn(ops::all_operators().begin(), ops::all_operators().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace vireo

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const char* asked = std::getenv("VIREO_OPENCL_DEVICE");
  std::unique_ptr<vireo::testing::DeviceRunner> runner;
  try {
    runner = std::make_unique<vireo::testing::DeviceRunner>(asked ? asked : "opencl:0");
    vireo::the_runner = runner.get();
    std::cout << "on " << runner->target().description << '\n';
  } catch (const vireo::Error& error) {
    std::cout << "skipped: " << error.what() << '\n';
    if (asked) return 1;
    return 77;
  }
  return RUN_ALL_TESTS();
}
