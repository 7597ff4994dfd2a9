// vireo::compare: the program that runs, step by step, against the network as it was imported.

#include "engine/api/compare.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/passes/check.h"

namespace vireo {
namespace {

Network network_of(std::string_view text) {
  return Network(std::make_unique<graph::Graph>(passes_testing::parse(text)));
}

std::vector<LayerError> compared(std::string_view text, double budget_s, const std::map<std::string, Dims>& shapes = {},
                                 const std::map<std::string, Buffer>& inputs = {}) {
  BuildOptions options;
  options.budget_s = budget_s;
  options.threads = 2;
  return compare(network_of(text), options, shapes, inputs);
}

void expect_right(const std::vector<LayerError>& rows) {
  for (const LayerError& row : rows) {
    EXPECT_LT(row.relative_l2, 1e-5) << row.op << " '" << row.layer << "'";
    EXPECT_LT(row.own_l2, 1e-5) << row.op << " '" << row.layer << "'";
    EXPECT_EQ(row.not_finite, 0) << row.layer;
  }
}

std::size_t matched(const std::vector<LayerError>& rows) {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const LayerError& row) { return row.relative_l2 >= 0; }));
}

constexpr const char* kImage = R"(
graph "g"
input "x" float32 1x8x24x24
const "w0" float32 16x8x3x3 @1
const "s" float32 16 @2
const "b" float32 16 @3
const "m" float32 16 @4
const "v" float32 16 @5
const "w1" float32 16x1x3x3 @6
const "w2" float32 16x16x1x1 @7
"c0" = conv("x", "w0") {pads=[1, 1, 1, 1]} "c0"
"n0" = batch_norm("c0", "s", "b", "m", "v") "n0"
"r0" = unary("n0") {function="relu"} "r0"
"c1" = conv("r0", "w1") {pads=[1, 1, 1, 1], group=16} "c1"
"r1" = unary("c1") {function="sigmoid"} "r1"
"c2" = conv("r1", "w2") "c2"
"a" = binary("c2", "r0") {function="add"} "a"
"j" = concat("a", "r1") {axis=1} "j"
"y" = reduce("j") {mode="mean"} "y"
output "j" "joined"
output "y" "mean"
)";

TEST(Compare, EveryStepOfAnImageNetworkHasItsTensorInTheImportedOne) {
  for (const double budget_s : {0.0, 0.3}) {
    const std::vector<LayerError> rows = compared(kImage, budget_s);
    expect_right(rows);
    EXPECT_GE(matched(rows), rows.size() - 1) << "all but the transpose of the input";
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [](const LayerError& row) {
      return row.op != "network output" && row.relative_l2 > 0 && row.own_l2 > 0;
    })) << "rounding shows that two ways of computing were compared";
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const LayerError& row) { return row.op == "network output"; }),
              2);
  }
}

TEST(Compare, PartsThatDependOnDataAreCompared) {
  const char* text = R"(
graph "g"
input "x" float32 6x4
input "i" float32 6
const "one" float32 scalar = 1
"p" = unary("i") {function="relu"} "p"
"n" = non_zero("p") "n"
const "axes" int64 1 = 0
"k" = squeeze("n", "axes") "k"
"g" = gather("x", "k") "g"
"y" = binary("g", "one") {function="add"} "y"
output "y" "y"
)";
  const Buffer flags = Buffer::host(6 * sizeof(float));
  for (int k = 0; k < 6; ++k) flags.as<float>()[k] = k % 2 ? 1.0f : -1.0f;
  const std::vector<LayerError> rows = compared(text, 0, {}, {{"i", flags}});
  expect_right(rows);
  EXPECT_EQ(rows.back().output, "3x4");
  EXPECT_TRUE(std::any_of(rows.begin(), rows.end(),
                          [](const LayerError& row) { return row.layer == "y" && row.relative_l2 >= 0; }));
}

TEST(Compare, ADynamicNetworkIsComparedAtTheShapesThatAreGiven) {
  const std::vector<LayerError> rows = compared(R"(
graph "g"
input "x" float32 ?x5 "n" ""
const "w" float32 5x7 @1
"y" = matmul("x", "w") "y"
output "y" "y"
)",
                                                0, {{"x", {3, 5}}});
  expect_right(rows);
  EXPECT_EQ(rows.back().output, "3x7");
}

TEST(Compare, InputsThatDoNotFitAreRefused) {
  EXPECT_THROW((void)compared(kImage, 0, {}, {{"x", Buffer::host(16)}}), Error);
  EXPECT_THROW((void)compared("graph \"g\"\ninput \"x\" float32 ?x5\n\"y\" = unary(\"x\") {function=\"relu\"} \"y\"\n"
                              "output \"y\" \"y\"\n",
                              0),
               Error);
}

}  // namespace
}  // namespace vireo
