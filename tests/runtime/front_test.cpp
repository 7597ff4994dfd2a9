// What prepares a picture, the first convolution and a pool behind it become one layer where a GPU with tensor cores
// has a kernel for it. No such device is needed: kernels are chosen, not run.
#include "engine/compile/front.h"

#include <algorithm>

#include "engine/compile/half.h"
#include "tests/passes/check.h"

namespace vireo::compile {
namespace {

using namespace passes_testing;

device::Target with_tensor_cores() {
  device::Target target;
  target.name = "opencl:0";
  target.kind = "opencl";
  target.workers = 100;
  target.opencl.local_bytes = std::size_t{160} << 10;
  target.opencl.most_items = 1024;
  target.opencl.half_arithmetic = target.opencl.ptx = target.opencl.mma = true;
  return target;
}

/// A network's beginning: `pool` are the attributes of what follows the convolution, `rest` further lines.
std::string front(const std::string& pool, const std::string& rest = "") {
  std::string text =
      "input \"x\" float32 2x3x21x26\nconst \"w\" float32 16x3x3x3 @1\nconst \"b\" float32 16 @2\n"
      "\"t\" = transpose(\"x\") {perm=[0, 2, 3, 1]} \"turn\"\n"
      "\"c\" = conv(\"t\", \"w\", \"b\") {layout=\"nhwc\", strides=[2, 2], pads=[1, 1, 1, 1], activation=\"relu\"} "
      "\"first\"\n";
  if (!pool.empty()) text += "\"y\" = pool(\"c\") {layout=\"nhwc\", " + pool + "} \"pooled\"\n";
  return text + rest + "output \"" + (pool.empty() ? "c" : "y") + "\" \"out\"\n";
}

class Front : public testing::Test {
 protected:
  [[nodiscard]] Graph joined(const std::string& text) const {
    CompileOptions options{.precision = Precision::fp16};
    options.target = &target_;
    Graph graph = with_half(parse(text), options);
    graph.verify();
    return graph;
  }
  /// Names of the operators, in order.
  [[nodiscard]] static std::vector<std::string> ops(const Graph& graph) {
    std::vector<std::string> names;
    for (const LayerId id : graph.topological_order()) names.emplace_back(graph.layer(id).op->name);
    return names;
  }

  device::Target target_ = with_tensor_cores();
};
using Ops = std::vector<std::string>;

TEST_F(Front, IsOneLayerWithItsPool) {
  for (const char* pool : {"kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]",
                           "kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1", "kernel_shape=[3, 3]"}) {
    SCOPED_TRACE(pool);
    const Graph before = parse(front(pool)), after = joined(front(pool));
    EXPECT_EQ(ops(after), (Ops{"image_conv", "cast"}));
    const Layer& layer = after.layer(after.topological_order()[0]);
    EXPECT_EQ(layer.name, "first + pooled");
    EXPECT_EQ(layer.attributes.integers("pool").size(), 5u);
    EXPECT_EQ(layer.attributes.text("activation", ""), "relu");
    expect_equal_results(before, after, 3e-3);
  }
}

TEST_F(Front, IsOneLayerWithoutAPool) {
  const Graph after = joined(front(""));
  EXPECT_EQ(ops(after), (Ops{"image_conv", "cast"}));
  expect_equal_results(parse(front("")), after, 3e-3);
}

TEST_F(Front, LeavesPoolsThatItHasNot) {
  for (const char* pool :
       {"mode=\"average\", kernel_shape=[2, 2], strides=[2, 2]", "kernel_shape=[2, 2], strides=[3, 3]",
        "kernel_shape=[3, 2], strides=[2, 2]", "kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 0]",
        "kernel_shape=[3, 3], dilations=[2, 2]", "kernel_shape=[5, 5], strides=[2, 2]"}) {
    SCOPED_TRACE(pool);
    const Graph after = joined(front(pool));
    EXPECT_EQ(std::ranges::count(ops(after), "pool"), 1);
    expect_equal_results(parse(front(pool)), after, 3e-3);
  }
}

TEST_F(Front, KeepsWhatOthersRead) {
  // The convolution's own result is wanted: it can't vanish into the pool.
  const std::string pool = "kernel_shape=[2, 2], strides=[2, 2]";
  EXPECT_EQ(ops(joined(front(pool, "output \"c\" \"also\"\n"))), (Ops{"image_conv", "pool", "cast", "cast"}));
  // The prepared picture is read twice: it stays.
  const std::string twice =
      "const \"v\" float32 8x3x1x1 @3\n\"d\" = conv(\"t\", \"v\") {layout=\"nhwc\"} \"second\"\noutput \"d\" "
      "\"other\"\n";
  EXPECT_EQ(std::ranges::count(ops(joined(front("", twice))), "image_conv"), 0);
}

TEST_F(Front, IsLeftAloneWithoutSuchCores) {
  target_.opencl.mma = false;
  EXPECT_EQ(std::ranges::count(ops(joined(front(""))), "image_conv"), 0);
}

}  // namespace
}  // namespace vireo::compile
