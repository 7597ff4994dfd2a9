#pragma once
// Networks whose shapes only data tell, run as a module and compared with the references.

#include <gtest/gtest.h>

#include <cstring>

#include "engine/runtime/module.h"
#include "tests/passes/check.h"

namespace vireo::data_dependent_testing {

using graph::ConstantPtr;
using graph::Graph;
using runtime::Bound;
using runtime::Module;
using runtime::Runner;

/// A module at the shapes of its inputs, run again and again.
class Running {
 public:
  explicit Running(const Graph& g) : Running(g, g) {}
  /// `reference` says what is right.
  Running(const Graph& g, const Graph& reference) : graph_(reference) {
    runtime::CompileSettings settings;
    settings.options.workers = 2;
    auto module = std::make_shared<const Module>(g, runtime::Shapes{}, settings);
    runner_ = std::make_unique<Runner>(module, std::make_shared<device::ThreadPool>(2), false);
  }

  /// Runs and compares with the references. Late outputs are not bound, or, with `room`, to buffers of so many bytes.
  void expect_right(const std::vector<ConstantPtr>& inputs, std::size_t room = 0) {
    const std::vector<ConstantPtr> wanted = evaluate_graph(graph_, inputs);
    const auto& bindings = runner_->module().bindings();
    std::vector<Bound> bound;
    std::vector<Buffer> buffers;
    for (std::size_t k = 0; k < bindings.size(); ++k) {
      const std::size_t bytes = bindings[k].bytes ? bindings[k].bytes : bindings[k].output ? room : 0;
      buffers.push_back(bytes ? Buffer::host(bytes) : Buffer());
      if (k < inputs.size() && bytes) std::memcpy(buffers[k].data(), inputs[k]->read(), bytes);
      bound.push_back({buffers[k].data(), bytes});
    }
    const Status status = runner_->run(bound);
    ASSERT_TRUE(status.ok()) << status.message();
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      SCOPED_TRACE(base::str("output ", k, " '", graph_.outputs()[k].name, "'"));
      const std::size_t b = inputs.size() + k;
      const Runner::Result& late = runner_->data_dependent_result(b);
      ASSERT_EQ(late.data ? late.dims : bindings[b].info.dims, wanted[k]->dims);
      ASSERT_EQ(bindings[b].info.dtype, wanted[k]->dtype);
      if (late.data) {
        expect_equal(*wanted[k], late.data.get());
        kept_.push_back({wanted[k], late.data});
      }
      if (buffers[b]) expect_equal(*wanted[k], buffers[b].data());
    }
  }

  /// Of a network with one input of floats.
  void expect_right_for(const std::vector<std::vector<float>>& inputs) {
    const Dims dims = graph_.tensor(graph_.inputs()[0]).dims;
    for (const auto& values : inputs) expect_right({graph::make_constant(values, dims)});
    for (const auto& values : inputs) expect_right({graph::make_constant(values, dims)}, 4096);
    for (const auto& [wanted, data] : kept_) expect_equal(*wanted, data.get());  // no later run touched them
  }

  static void expect_equal(const graph::Constant& wanted, const std::byte* found) {
    if (wanted.dtype != DataType::float32) {
      EXPECT_EQ(std::memcmp(wanted.read(), found, wanted.bytes()), 0);
      return;
    }
    for (std::int64_t i = 0; i < wanted.count(); ++i)
      ASSERT_NEAR(wanted.as<float>()[i], reinterpret_cast<const float*>(found)[i],
                  1e-4 * (1 + std::abs(wanted.as<float>()[i])))
          << "element " << i;
  }

  [[nodiscard]] const Module& module() const { return runner_->module(); }
  [[nodiscard]] Runner& runner() { return *runner_; }

 private:
  Graph graph_;
  std::unique_ptr<Runner> runner_;
  std::vector<std::pair<ConstantPtr, std::shared_ptr<std::byte>>> kept_;
};

inline Graph parse(std::string_view text) { return passes_testing::parse(text); }

inline const std::vector<std::vector<float>> kSix{
    {1, -1, 2, 0, 3, -4}, {0, 0, 0, 0, 0, 0}, {1, 2, 3, 4, 5, 6}, {0, 0, 7, 0, 0, 0}};

inline constexpr std::string_view kRowAndSecond = R"(
graph "g"
input "x" float32 6
const "flat" int64 1 = -1
const "two" float32 scalar = 2
"p" = unary("x") {function="relu"} "relu"
"n1" = non_zero("p") "first"
"i1" = reshape("n1", "flat") "i1"
"v" = gather("p", "i1") "chosen"
"w" = binary("v", "two") {function="sub"} "less"
"n2" = non_zero("w") "second"
"i2" = reshape("n2", "flat") "i2"
"z" = gather("w", "i2") "last"
)";

}  // namespace vireo::data_dependent_testing
