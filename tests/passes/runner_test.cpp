// The wrapper that runs the passes.
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

constexpr const char* kText = R"(
graph "g"
input "x" float32 1x3x8x8
const "w" float32 4x3x3x3 @1
const "s" float32 4 @2
const "b" float32 4 @3
const "m" float32 4 @4
const "v" float32 4 @5
"c" = conv("x", "w") {pads=[1, 1, 1, 1]} "c"
"n" = batch_norm("c", "s", "b", "m", "v") "n"
"y" = unary("n") {function="relu"} "y"
output "y" "y"
)";

TEST(Runner, PassesAreRunToAFixpointAndReported) {
  Graph graph = parse(kText);
  const passes::PassReport report = passes::run_passes(graph);
  EXPECT_GE(report.rounds, 2);
  EXPECT_EQ(summary(graph),
            "1 transpose(x) perm=0,2,3,1\n2 conv(1, 4x3x3x3, 4) activation=relu layout=nhwc pads=1,1,1,1\n"
            "3 transpose(2) perm=0,3,1,2\noutputs 3\n");
  EXPECT_NE(report.to_string().find("batch_norm"), std::string::npos);
  expect_equal_results(parse(kText), graph);
  EXPECT_EQ(passes::run_passes(graph).rounds, 1);
}

TEST(Runner, APassCanBeSwitchedOffByName) {
  Graph graph = parse(kText);
  passes::PassOptions options;
  options.disabled = {"activation_fusion", "nhwc_layout"};
  passes::run_passes(graph, options);
  EXPECT_EQ(summary(graph), "1 conv(x, 4x3x3x3, 4) pads=1,1,1,1\n2 relu(1)\noutputs 2\n");
}

TEST(Runner, EveryPassCanBeSwitchedOffByItself) {
  for (const passes::Pass& pass : passes::all_passes()) {
    SCOPED_TRACE(std::string(pass.name));
    Graph graph = parse(kText);
    passes::PassOptions options;
    options.disabled.emplace(pass.name);
    passes::run_passes(graph, options);
    expect_equal_results(parse(kText), graph);
  }
}

TEST(Runner, UnknownNamesAreRefused) {
  Graph graph = parse(kText);
  passes::PassOptions options;
  options.disabled = {"no_such_pass"};
  EXPECT_THROW(passes::run_passes(graph, options), Error);
  EXPECT_THROW(passes::run_pass(graph, "no_such_pass"), Error);
}

TEST(Runner, ChangesAreShownToTheCaller) {
  Graph graph = parse(kText);
  passes::PassOptions options;
  std::vector<std::string> names;
  options.on_change = [&names](const passes::Pass& pass, int, const Graph&) { names.emplace_back(pass.name); };
  passes::run_passes(graph, options);
  EXPECT_NE(std::find(names.begin(), names.end(), "batch_norm"), names.end());
}

TEST(Types, AfterATensorOfUnknownRankTheElementTypeIsKnown) {
  const Graph graph = parse(R"(
graph "g"
input "x" float32 ?x4x11 "n" "" ""
"s" = squeeze("x") "s"
"g" = unary("s") {function="gelu"} "g"
"i" = cast("g") {to="int64"} "i"
"c" = binary("g", "s") {function="less"} "c"
output "g" "g"
output "i" "i"
output "c" "c"
)");
  const DataType wanted[] = {DataType::float32, DataType::int64, DataType::boolean};
  for (std::size_t k = 0; k < 3; ++k) {
    const Tensor& t = graph.tensor(graph.outputs()[k].tensor);
    EXPECT_FALSE(t.ranked);
    EXPECT_EQ(t.dtype, wanted[k]);
  }
}

}  // namespace
}  // namespace vireo::passes_testing
