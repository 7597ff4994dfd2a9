// The pass `branches`, and what the other passes make of tensors whose rank nobody knows until it has run.
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

/// A layer `if` on "x" and the large constant "w" that gives "q" of one rank or another: x scaled by w, or x flat.
std::string network(std::string_view condition, std::string_view rest) {
  std::string text = R"(
graph "g"
input "x" float32 1x3x8x8
const "w" float32 1x3x8x8 @1
)";
  text += condition;
  text += R"(
"q" = if("c", "x", "w") {then="input \"a\" float32 1x3x8x8\n)"
          R"(const \"k\" float32 1x3x8x8 @2\n)"
          R"(\"q\" = binary(\"a\", \"k\") {function=\"mul\"} \"scaled\"\n)"
          R"(output \"q\" \"q\"", else="input \"a\" float32 1x3x8x8\n)"
          R"(const \"s\" int64 1 = -1\n\"b\" = reshape(\"a\", \"s\") \"flat\"\n)"
          R"(output \"b\" \"b\"", types=[1]} "if"
)";
  text += rest;
  return text;
}

constexpr std::string_view kTrue = "const \"c\" boolean scalar = 1", kFalse = "const \"c\" boolean 1 = 0",
                           kOpen = "input \"c\" boolean scalar";
constexpr std::string_view kRelu = R"("y" = unary("q") {function="relu"} "relu"
output "y" "y"
output "q" "q"
)";

bool has_open_branch(const Graph& graph) {
  for (const LayerId id : graph.topological_order())
    if (graph.layer(id).op->body) return true;
  return false;
}

TEST(Branches, TakeThePlaceOfTheirLayerOnceTheConditionIsKnown) {
  for (const std::string_view condition : {kTrue, kFalse}) {
    Graph graph = parse(network(condition, kRelu));
    EXPECT_TRUE(passes::run_pass(graph, "branches"));
    EXPECT_FALSE(passes::run_pass(graph, "branches"));
    EXPECT_FALSE(has_open_branch(graph));
    EXPECT_EQ(graph.tensor(graph.outputs()[0].tensor).dims, condition == kTrue ? (Dims{1, 3, 8, 8}) : Dims{192});
    expect_equal_results(parse(network(condition, kRelu)), graph);
  }
}

TEST(Branches, StayWhileItIsNot) {
  Graph graph = parse(network(kOpen, kRelu));
  passes::run_passes(graph);
  EXPECT_TRUE(has_open_branch(graph));
  EXPECT_FALSE(graph.tensor(graph.outputs()[0].tensor).ranked);
  EXPECT_EQ(graph.tensor(graph.outputs()[0].tensor).dtype, DataType::float32) << "which the text doesn't say";
}

TEST(Branches, GetNamesOfTheirOwn) {
  Graph graph = parse(network(kFalse, R"("s" = unary("q") {function="relu"} "b"
"b" = unary("s") {function="exp"} "a"
output "b" "b"
)"));
  passes::run_pass(graph, "branches");
  expect_equal_results(graph, parse(dump_text(graph)));
}

TEST(Branches, ThatReadWhatIsNotThereAreErrors) {
  const std::string right = network(kTrue, kRelu);
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"@2", "@1"},
                                 {"@2", "@7"},
                                 {"\"x\", \"w\"", "\"x\""},
                                 {"const \\\"k\\\" float32", "const \\\"k\\\" float64"},
                                 {"output \\\"q\\\" \\\"q\\\"", ""},
                                 {"input \\\"a\\\"", "input \\\"e\\\" int64 2\\ninput \\\"a\\\""}}) {
    std::string text = right;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    Graph graph = parse(text.replace(at, from.size(), to));
    EXPECT_THROW(passes::run_pass(graph, "branches"), Error) << to;
  }
}

/// Patterns that passes look for, on a tensor of unknown rank.
constexpr std::string_view kChain = R"(const "cw" float32 4x3x3x3 @11
const "scale" float32 4 @12
const "bias" float32 4 @13
const "mean" float32 4 @14
const "var" float32 4 @15
const "by4" float32 4x4x1x1 @16
const "five" float32 scalar = 5
const "half" float32 scalar = 0.5
const "last" int64 1 = -1
const "first" int64 1 = 0
const "eight" int64 1 = 8
const "mw" float32 8x8 @17
const "mb" float32 8 @18
const "front" int64 1 = 0
const "shape" int64 3 = 4 -1 8
const "starts" int64 2 = 0 0
const "ends" int64 2 = 4 4
const "axes" int64 2 = 2 3
const "steps" int64 2 = 1 1
"n" = conv("q", "cw") {pads=[1, 1, 1, 1]} "conv"
"bn" = batch_norm("n", "scale", "bias", "mean", "var") "bn"
"r" = unary("bn") {function="relu"} "relu"
"r6" = unary("r") {function="clip", min=0.0, max=6.0} "clip"
"n2" = conv("r6", "by4") "conv2"
"res" = binary("n2", "r6") {function="add"} "res"
"hs" = binary("res", "five") {function="mul"} "times"
"t" = transpose("hs") {perm=[0, 2, 3, 1]} "t"
"t2" = transpose("t") {perm=[0, 3, 1, 2]} "t2"
"p" = pool("t2") {mode="average", kernel_shape=[3, 3], pads=[1, 1, 1, 1]} "pool"
"m" = matmul("p", "mw") "matmul"
"mm" = binary("m", "mb") {function="add"} "biased"
"mu" = reduce("mm", "last") {mode="mean"} "mu"
"d" = binary("mm", "mu") {function="sub"} "d"
"sq" = binary("d", "d") {function="mul"} "sq"
"v" = reduce("sq", "last") {mode="mean"} "v"
"ve" = binary("v", "half") {function="add"} "ve"
"sd" = unary("ve") {function="sqrt"} "sd"
"ln" = binary("d", "sd") {function="div"} "ln"
"u" = unsqueeze("ln", "front") "u"
"w5" = squeeze("u", "front") "s"
"sg" = unary("w5") {function="sigmoid"} "sigmoid"
"si" = binary("w5", "sg") {function="mul"} "silu"
"sl" = slice("si", "starts", "ends", "axes", "steps") "slice"
"a", "b" = split("si") {axis=2} "split"
"j" = concat("a", "b") {axis=2} "joined"
"sm" = softmax("j") {axis=-1} "softmax"
"rs" = reshape("sm", "shape") "rs"
"re" = reshape("rs", "last") "re"
output "sl" "sl"
output "re" "re"
)";

TEST(UnknownRanks, PassThroughEveryPatternUnharmed) {
  Graph open = parse(network(kOpen, kChain));
  passes::run_passes(open);
  ASSERT_TRUE(has_open_branch(open));
  const std::vector<ConstantPtr> x{random_constant(DataType::float32, {1, 3, 8, 8}, 5, -3, 3)};
  const std::uint8_t yes = 1;
  const std::vector<ConstantPtr> both{x[0], make_constant(DataType::boolean, {}, &yes, 1)};
  const std::vector<ConstantPtr> wanted = evaluate_graph(parse(network(kTrue, kChain)), x),
                                 found = evaluate_graph(open, both);
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    ASSERT_EQ(wanted[k]->dims, found[k]->dims);
    for (std::int64_t i = 0; i < wanted[k]->count(); ++i)
      ASSERT_NEAR(wanted[k]->as<float>()[i], found[k]->as<float>()[i], 1e-4) << "output " << k << ", element " << i;
  }
}

}  // namespace
}  // namespace vireo::passes_testing
