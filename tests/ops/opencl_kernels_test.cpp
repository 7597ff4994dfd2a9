// Every case of every operator through every OpenCL kernel that takes it, on the first OpenCL device, against the
// reference: in float32 as the case is, and with float16 in its place; dense and with gaps between rows; in place.
// VIREO_OPENCL_DEVICE names another device; VIREO_TACTIC leaves tactics out whose names don't have it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <list>
#include <memory>
#include <set>
#include <span>

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

/// The device, with stand-ins for what it lacks where there are any.
const device::Target& the_target() {
  static const device::Target kTarget = [] {
    device::Target target = the_runner->target();
    target.opencl.mma_stand_in = !target.opencl.mma;
    return target;
  }();
  return kTarget;
}

/// The same with a single multiprocessor, whose one group has all tiles of a persistent kernel.
const device::Target& small_target() {
  static const device::Target kTarget = [] {
    device::Target target = the_target();
    target.workers = 1;
    return target;
  }();
  return kTarget;
}

/// odd: rows and tensors at places that nothing but elements is aligned to; eighths: rows that begin at multiples of 8
/// elements, on the small target.
enum class Strides { dense, wide_inputs, wide_outputs, odd, eighths };

/// A sample as a tactic's problem. Stays where it is: the launch and its buffers refer to it.
struct Attempt {
  Problem problem;
  graph::Launch launch;
  std::vector<Buffer> inputs, outputs;

  /// Null where the tactic refuses.
  static std::unique_ptr<Attempt> of(const Tactic& tactic, const Sample& sample, std::uint32_t constants,
                                     Strides strides) {
    auto run = std::make_unique<Attempt>();
    const graph::Layer& layer = sample.graph.layer(sample.layer);
    Problem& problem = run->problem;
    problem.op = layer.op;
    problem.attributes = &layer.attributes;
    problem.target = strides == Strides::eighths ? &small_target() : &the_target();
    const bool odd = strides == Strides::odd;
    const auto pitch_of = [&](const Dims& dims, bool wide) {
      if (dims.empty()) return std::int64_t{0};
      if (strides == Strides::eighths) return (dims.back() + 7) / 8 * 8;
      return dims.back() + (odd ? 5 : wide ? 8 : 0);
    };
    const auto alignment_of = [&](DataType type) { return odd ? static_cast<std::int32_t>(size_of(type)) : 64; };
    for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
      const bool known = (constants >> k & 1u) != 0;
      const graph::ConstantPtr& value = sample.inputs[k];
      problem.inputs.push_back({value->dtype, value->dims,
                                pitch_of(value->dims, strides == Strides::wide_inputs && !known),
                                known ? value : nullptr, alignment_of(value->dtype)});
      if (known) problem.inputs.back().pitch = value->dims.empty() ? 0 : value->dims.back();
    }
    for (graph::TensorId id : layer.outputs) {
      const graph::Tensor& tensor = sample.graph.tensor(id);
      problem.outputs.push_back({tensor.dtype, tensor.dims, pitch_of(tensor.dims, strides == Strides::wide_outputs),
                                 nullptr, alignment_of(tensor.dtype)});
    }
    if (tactic.refuse && !tactic.refuse(problem).empty()) return nullptr;
    run->launch = tactic.prepare(problem);
    for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
      run->inputs.emplace_back(problem.inputs[k].dtype, problem.inputs[k].dims, problem.inputs[k].pitch);
      run->inputs.back().write(sample.inputs[k]->data.get());
    }
    for (const graph::Desc& desc : problem.outputs) run->outputs.emplace_back(desc.dtype, desc.dims, desc.pitch);
    return run;
  }

  [[nodiscard]] testing::DeviceRunner::Job job(bool in_place) {
    testing::DeviceRunner::Job made{launch, &problem, {}, {}, in_place};
    for (Buffer& buffer : inputs) made.inputs.push_back(&buffer.bytes);
    for (Buffer& buffer : outputs) made.outputs.push_back(&buffer.bytes);
    return made;
  }

  void expect(const Tactic& tactic, const Sample& sample, bool in_place) {
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      SCOPED_TRACE("output " + std::to_string(k));
      if (!in_place) EXPECT_TRUE(outputs[k].gaps_survive()) << "wrote between the rows";
      testing::expect_close(problem.outputs[k].dtype, outputs[k].read().data(), sample.expected[k]->data.get(),
                            element_count(problem.outputs[k].dims), tactic.exact);
    }
  }
};

/// False where the tactic refuses.
bool run_tactic(const Tactic& tactic, const Sample& sample, std::uint32_t constants, Strides strides, bool in_place) {
  const std::unique_ptr<Attempt> run = Attempt::of(tactic, sample, constants, strides);
  if (!run) return false;
  if (in_place && (run->inputs[0].bytes.size() != run->outputs[0].bytes.size() ||
                   sample.inputs[0]->dtype != run->problem.outputs[0].dtype))
    return false;
  SCOPED_TRACE(std::string(tactic.name) +
               (strides == Strides::dense         ? ""
                : strides == Strides::wide_inputs ? ", wide inputs"
                : strides == Strides::odd         ? ", odd places"
                : strides == Strides::eighths     ? ", rows in eighths"
                                                  : ", wide outputs") +
               (in_place ? ", in place" : "") + ", constants " + std::to_string(constants));
  const Status status = the_runner->run({run->job(in_place)}, -1, 1);
  EXPECT_TRUE(status.ok()) << status.message();
  if (status.ok()) run->expect(tactic, sample, in_place);
  return true;
}

/// Reads 16 bytes at a time or not at all.
bool takes_eighths(const Tactic& tactic) {
  return tactic.name.find("_mma_") != std::string_view::npos || tactic.name.find("_wgmma_") != std::string_view::npos;
}

/// A part of plan kernels and nothing else.
bool only_part(const Tactic& tactic) {
  return tactic.name.find("_slab_") != std::string_view::npos || tactic.name.find("_part_") != std::string_view::npos;
}

bool asked_for(const Tactic& tactic) {
  const char* part = std::getenv("VIREO_TACTIC");
  return tactic.device == "opencl" && (!part || tactic.name.find(part) != std::string_view::npos);
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
    if (asked_for(tactic)) all.insert(tactic.name);
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
        if (!asked_for(tactic) || only_part(tactic)) continue;
        bool took = false;
        for (const Strides strides : {Strides::dense, Strides::wide_inputs, Strides::wide_outputs, Strides::odd})
          took |= run_tactic(tactic, sample, stated, strides, false);
        if (half && takes_eighths(tactic)) took |= run_tactic(tactic, sample, stated, Strides::eighths, false);
        if (op.in_place) took |= run_tactic(tactic, sample, stated, Strides::dense, true);
        if (took) ran.insert(tactic.name);
        if (HasFatalFailure()) return;
      }
    }
  const device::OpenclFacts& facts = the_runner->target().opencl;
  for (const std::string_view name : all) {
    // Some are for devices that this one is not.
    const bool mma = name == "attention_mma_opencl" || name == "conv_first_opencl" || name == "image_conv_mma_opencl";
    const bool lacking =
        name.find("_slab_") != std::string_view::npos ||
        name.find("_part_") != std::string_view::npos ||  // of plan kernels
        ((name.find("wgmma") != std::string_view::npos || name == "conv_patches_opencl") && !facts.wgmma) ||
        (mma && !facts.mma);
    const bool for_processors =
        name.find("_blocks_") != std::string_view::npos || name.find("_queries_") != std::string_view::npos;
    EXPECT_TRUE(lacking || (for_processors && !facts.on_processor) || ran.contains(name)) << name << " took no case";
  }
}

// The same kernels, dense, as parts of plan kernels: many cases of an operator in one.
TEST_P(OpenclKernels, AgreeAsPartsOfPlanKernels) {
  if (!the_runner) GTEST_SKIP() << "no OpenCL device here";
  if (the_runner->target().opencl.resident_groups == 0) GTEST_SKIP() << "no plan kernels on this device";
  const graph::Operator& op = *GetParam();
  if (!op.tactics) GTEST_SKIP() << "only the reference";
  const auto seed = static_cast<unsigned>(std::hash<std::string_view>{}(op.name));
  struct Part {
    std::string name;
    const Tactic* tactic;
    std::shared_ptr<Sample> sample;
    std::unique_ptr<Attempt> run;
  };
  std::vector<Part> parts;
  std::list<Case> cases;  // samples refer to them
  for (const bool half : {false, true})
    for (const Case& original : ops::cases_of(op)) {
      Case& test = cases.emplace_back(original);
      if (half && !to_half(test)) continue;
      std::mt19937 random(seed);
      auto sample = std::make_shared<Sample>();
      try {
        *sample = testing::make_sample(op, test, random);
      } catch (const Error&) {
        continue;
      }
      std::uint32_t stated = 0;
      for (const auto& [k, values] : test.constants) stated |= 1u << k;
      for (const Tactic& tactic : op.tactics()) {
        if (!asked_for(tactic)) continue;
        // What runs nowhere else, with gaps as well.
        const bool only_there = only_part(tactic);
        for (const Strides strides : {Strides::dense, Strides::wide_inputs, Strides::wide_outputs}) {
          if (strides != Strides::dense && !only_there) continue;
          std::unique_ptr<Attempt> run = Attempt::of(tactic, *sample, stated, strides);
          if (!run) continue;
          parts.push_back({std::string(test.name) + (half ? " in float16, " : ", ") + std::string(tactic.name), &tactic,
                           sample, std::move(run)});
        }
      }
    }
  if (parts.empty()) GTEST_SKIP() << "no kernel";
  constexpr std::size_t kTogether = 32;
  for (std::size_t begin = 0; begin < parts.size(); begin += kTogether) {
    const std::span<Part> some = std::span(parts).subspan(begin, std::min(kTogether, parts.size() - begin));
    std::vector<testing::DeviceRunner::Job> jobs;
    for (Part& part : some) jobs.push_back(part.run->job(false));
    SCOPED_TRACE("parts from " + some.front().name);
    const Status status = the_runner->run(jobs, 0, 3);
    ASSERT_TRUE(status.ok()) << status.message();
    for (Part& part : some) {
      SCOPED_TRACE(part.name);
      part.run->expect(*part.tactic, *part.sample, false);
    }
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
