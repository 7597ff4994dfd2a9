#include "engine/compile/placement.h"

#include <gtest/gtest.h>

#include "engine/compile/compile.h"
#include "engine/graph/text.h"
#include "engine/ops/table.h"

namespace vireo::compile {
namespace {

graph::Graph parse(std::string_view text) { return graph::parse_text(text, ops::find_operator); }

TEST(Placement, reshapes_need_no_step) {
  const graph::Graph g = parse(R"(
input "x" float32 1x4x6
"a" = unary("x") {function="relu"}
const "s" int64 2 = 4 6
"b" = reshape("a", "s")
"c" = unary("b") {function="exp"}
output "c" "c"
)");
  const Placement p = place(g, g.topological_order(), {});
  EXPECT_EQ(p.tensors[static_cast<std::size_t>(g.find_tensor("b"))].root, g.find_tensor("a"));
}

TEST(Placement, parts_of_a_concat_are_written_in_place) {
  const graph::Graph g = parse(R"(
input "x" float32 1x4x6
"a" = unary("x") {function="relu"}
"b" = unary("x") {function="exp"}
"c" = concat("a", "b") {axis=1} "join"
"d" = unary("c") {function="neg"}
output "d" "d"
)");
  const Placement p = place(g, g.topological_order(), {});
  const auto at = [&](const char* name) { return p.tensors[static_cast<std::size_t>(g.find_tensor(name))]; };
  EXPECT_EQ(at("a").root, g.find_tensor("c"));
  EXPECT_EQ(at("b").root, g.find_tensor("c"));
  EXPECT_EQ(at("b").offset, 4u * 6 * 4);
  EXPECT_FALSE(share_bytes(at("a"), at("b")));
  EXPECT_TRUE(share_bytes(at("a"), at("c")));
}

TEST(Placement, a_tensor_that_is_concatenated_twice_is_copied) {
  const graph::Graph g = parse(R"(
input "x" float32 1x4x6
"a" = unary("x") {function="relu"}
"c" = concat("a", "a") {axis=1} "join"
"d" = unary("c") {function="neg"}
output "d" "d"
)");
  const Placement p = place(g, g.topological_order(), {});
  EXPECT_EQ(p.tensors[static_cast<std::size_t>(g.find_tensor("a"))].root, g.find_tensor("a"));
}

TEST(Placement, columns_of_the_same_rows_do_not_share_bytes) {
  const TensorPlace left{7, 0, 10, 80, 16, 40}, right{7, 16, 10, 84, 24, 40}, whole{7, 0, 10, 400, 400, 0};
  EXPECT_FALSE(share_bytes(left, right));
  EXPECT_TRUE(share_bytes(left, left));
  EXPECT_TRUE(share_bytes(left, whole));
  const TensorPlace elsewhere{8, 0, 10, 80, 16, 40};
  EXPECT_FALSE(share_bytes(left, elsewhere));
}

}  // namespace
}  // namespace vireo::compile
