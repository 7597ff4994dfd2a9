// What runs of loops and of what is behind them cost, and that they are right: nothing is compiled and nothing
// allocated for extents that were seen or lie below those that were.

#include "tests/runtime/counting.h"

namespace vireo {
namespace {

using namespace data_dependent_testing;

// h = tanh(h + x) as often as x has entries above zero, or until its sum is too large; each h is stacked.
const char* const kLoop = R"(graph "g"
input "x" float32 64
const "zero" float32 scalar = 0
const "row" int64 2 = 1 -1
const "flat" int64 2 = -1 64
"m" = binary("x", "zero") {function="greater"} "m"
"c" = cast("m") {to="float32"} "c"
"count" = reduce("c") {mode="sum", keepdims=0} "count"
"n" = cast("count") {to="int64"} "n"
"h0" = reshape("x", "row") "h0"
"h", "all" = loop("n", -, "h0", "x") {body="input \"i\" int64 scalar
input \"go\" boolean scalar
input \"h\" float32 1x64
input \"x\" float32 64
const \"limit\" float32 scalar = 1000
\"a\" = binary(\"h\", \"x\") {function=\"add\"}
\"t\" = unary(\"a\") {function=\"tanh\"}
\"s\" = reduce(\"a\") {mode=\"sum\", keepdims=0}
\"go2\" = binary(\"s\", \"limit\") {function=\"less\"}
output \"go2\" \"go2\"
output \"t\" \"t\"
output \"t\" \"all\"
", carried=1} "loop"
"y" = unary("h") {function="neg"} "y"
"z" = unary("all") {function="neg"} "z"
"rows" = reshape("all", "flat") "rows"
"p" = softmax("rows") {axis=1} "p"
"t" = transpose("p") {perm=[1, 0]} "t"
output "y" "y"
output "z" "z"
output "t" "t"
)";

// v = the number of the iteration, as often as the condition holds; c = the condition.
const char* const kNumbers = R"(graph "g"
input "x" float32 4
const "n" int64 scalar = 5
const "v0" int64 scalar = 7
const "c0" boolean scalar = 0
"v", "c", "seen" = loop("n", -, "v0", "c0") {body="input \"i\" int64 scalar
input \"go\" boolean scalar
input \"v\" int64 scalar
input \"c\" boolean scalar
const \"last\" int64 scalar = 2
\"go2\" = binary(\"i\", \"last\") {function=\"less\"}
output \"go2\" \"go2\"
output \"i\" \"v2\"
output \"go\" \"c2\"
output \"v\" \"seen\"
", carried=2} "loop"
"y" = unary("x") {function="neg"} "y"
output "v" "v"
output "c" "c"
output "seen" "seen"
output "y" "y"
)";

std::string loop_text(std::string text = kLoop) {
  for (std::size_t at = text.find("{body=\"") + 7; at < text.find("\", carried="); ++at)
    if (text[at] == '\n') text.replace(at, 1, "\\n");  // as quoted texts have it
  return text;
}

TEST(LoopRuns, compile_and_allocate_nothing_for_what_was_seen_and_less) {
  Counting counting(parse(loop_text()));
  for (const std::int64_t count : {5, 12, 3, 9, 0, 0}) ASSERT_NO_FATAL_FAILURE(counting.run(count));
  const std::size_t compiled = counting.compiled();
  (void)counting.take_allocated();
  for (const std::int64_t count : {5, 9, 0, 11, 2, 12, 7}) ASSERT_NO_FATAL_FAILURE(counting.run(count));
  EXPECT_EQ(counting.compiled(), compiled);
  EXPECT_EQ(counting.take_allocated(), 0u) << counting.layers();
}

TEST(LoopRuns, sequences_of_what_was_found_are_right_and_compile_nothing) {
  const std::string rest = R"("s" = sequence("v", "n") {function="construct"} "s"
"t" = sequence("s", "i") {function="insert"} "t"
"y" = unary("v") {function="neg"} "y"
"last" = sequence("t") {function="erase"} "last"
output "t" "t"
output "y" "y"
output "last" "last")";
  Counting counting(after_filter(rest));
  for (const std::int64_t count : {3, 50, 0, 7}) ASSERT_NO_FATAL_FAILURE(counting.run(count));
  EXPECT_EQ(counting.by_extents(), "");
  EXPECT_EQ(counting.compiled(), 0u);
  Running running(after_filter(rest, 6));
  ASSERT_NO_FATAL_FAILURE(running.expect_right_for(kSix));
}

TEST(LoopRuns, hand_on_the_number_and_the_condition_of_their_iteration) {
  Running running(parse(loop_text(kNumbers)));
  ASSERT_NO_FATAL_FAILURE(running.expect_right_for({{1, 2, 3, 4}, {0, 0, 0, 0}}));
}

TEST(LoopRuns, levels_below_the_least_extents_are_not_compiled) {
  const Graph rest = parse(R"(graph "g"
input "x" float32 ?x4
"y" = softmax("x") {axis=1} "y"
output "y" "y"
)");
  const std::vector<graph::Variation> known{{{1, 0}, {}, false}};
  compile::CompileOptions options;
  std::string refused;
  const auto levels = [&](std::vector<std::int64_t> least) {
    const auto program = runtime::RestProgram::make(rest, known, {0, 1024}, options, refused, std::move(least));
    std::vector<std::int64_t> capacities;
    if (program)
      for (const auto& level : program->parts()[0].levels) capacities.push_back(level.capacity[1]);
    return capacities;
  };
  EXPECT_EQ(levels({}), (std::vector<std::int64_t>{8, 16, 32, 64, 128, 256, 512, 1024})) << refused;
  EXPECT_EQ(levels({0, 0}).size(), 8u);
  EXPECT_EQ(levels({0, 512}), (std::vector<std::int64_t>{512, 1024}));
  EXPECT_EQ(levels({0, 513}), (std::vector<std::int64_t>{1024}));
}

TEST(LoopRuns, what_is_behind_is_right_for_extents_that_nothing_bounds) {
  Running running(parse(loop_text()));
  std::vector<std::vector<float>> inputs;
  for (const int count : {5, 1, 0, 13, 3, 8, 2}) {
    inputs.emplace_back(64, -0.25F);
    for (int i = 0; i < count; ++i)
      inputs.back()[static_cast<std::size_t>(7 * i % 64)] = 0.01F * static_cast<float>(i + 1);
  }
  ASSERT_NO_FATAL_FAILURE(running.expect_right_for(inputs));
}

}  // namespace
}  // namespace vireo
