// Tactics of OpenCL devices as they are chosen and prepared for a GPU that has everything, on machines without one: for
// every case, dense and float16, refusals are total, launches whole, and predictions positive numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/device/opencl/launch.h"
#include "engine/ops/table.h"
#include "tests/support/samples.h"

namespace vireo {
namespace {

device::Target gpu_with_everything() {
  device::Target target;
  target.name = "opencl:0";
  target.kind = "opencl";
  target.workers = 132;
  target.opencl.local_bytes = std::size_t{224} << 10;
  target.opencl.most_items = 1024;
  target.opencl.half_arithmetic = target.opencl.ptx = target.opencl.mma = target.opencl.wgmma = true;
  target.opencl.resident_groups = target.workers;
  return target;
}

void expect_whole(const device::OpenclLaunch& launch) {
  for (const device::OpenclKernel& kernel : launch.kernels) {
    EXPECT_NE(kernel.source.find("void " + kernel.entry + "("), std::string::npos) << kernel.entry;
    for (std::size_t d = 0; d < 3; ++d) EXPECT_GT(kernel.local[d], 0u);
    EXPECT_LE(kernel.local[0] * kernel.local[1] * kernel.local[2], 1024u);
    for (const device::OpenclArgument& argument : kernel.arguments) {
      const auto index = static_cast<std::size_t>(argument.index);
      using Kind = device::OpenclArgument::Kind;
      if (argument.kind == Kind::state) EXPECT_LT(index, launch.states.size());
      if (argument.kind == Kind::map) EXPECT_LT(index, launch.maps.size());
      if (argument.kind == Kind::counters) EXPECT_GT(launch.counters, 0u);
      if (argument.kind == Kind::workspace) EXPECT_LE(argument.offset, launch.workspace_bytes);
    }
  }
}

TEST(OpenclTactics, ArePreparedForAGpuThatHasEverything) {
  const device::Target target = gpu_with_everything();
  std::set<std::string_view> all, prepared;
  for (const graph::Operator* op : ops::all_operators()) {
    if (!op->tactics) continue;
    for (const graph::Tactic& tactic : op->tactics())
      if (tactic.device == "opencl") all.insert(tactic.name);
    for (const bool half : {false, true})
      for (ops::Case test : ops::cases_of(*op)) {
        SCOPED_TRACE(std::string(op->name) + " " + std::string(test.name));
        if (half) {
          test.dtypes.resize(test.inputs.size(), DataType::float32);
          for (DataType& type : test.dtypes)
            if (type == DataType::float32) type = DataType::float16;
        }
        std::mt19937 random(1);
        testing::Sample sample;
        try {
          sample = testing::make_sample(*op, test, random);
        } catch (const Error&) {
          EXPECT_TRUE(half);
          continue;
        }
        const graph::Layer& layer = sample.graph.layer(sample.layer);
        graph::Problem problem{.op = op, .attributes = &layer.attributes, .target = &target};
        const auto add = [](std::vector<graph::Desc>& to, DataType type, const Dims& dims, graph::ConstantPtr value) {
          to.push_back({type, dims, dims.empty() ? 0 : dims.back(), std::move(value)});
        };
        for (std::size_t k = 0; k < sample.inputs.size(); ++k)
          add(problem.inputs, sample.inputs[k]->dtype, sample.inputs[k]->dims,
              test.constants.contains(static_cast<int>(k)) ? sample.inputs[k] : nullptr);
        for (graph::TensorId id : layer.outputs)
          add(problem.outputs, sample.graph.tensor(id).dtype, sample.graph.tensor(id).dims, nullptr);
        for (const graph::Tactic& tactic : op->tactics()) {
          if (tactic.device != "opencl" || (tactic.refuse && !tactic.refuse(problem).empty())) continue;
          SCOPED_TRACE(std::string(tactic.name));
          const graph::Launch launch = tactic.prepare(problem);
          prepared.insert(tactic.name);
          if (tactic.predict) {
            const double seconds = tactic.predict(problem);
            EXPECT_TRUE(std::isfinite(seconds) && seconds > 0) << seconds;
          }
          if (const auto* own = launch.as<device::OpenclLaunch>()) expect_whole(*own);
          else EXPECT_NE(launch.as<device::CopyLaunch>(), nullptr);
        }
      }
  }
  for (const std::string_view name : all) {
    const bool for_processors =
        name.find("_blocks_") != std::string_view::npos || name.find("_queries_") != std::string_view::npos;
    EXPECT_TRUE(for_processors || prepared.contains(name)) << name << " took no case";
  }
}

}  // namespace
}  // namespace vireo
