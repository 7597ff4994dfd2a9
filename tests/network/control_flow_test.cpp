// Conditions and loops made by hand: both branches, what they read, what is wrong with them.

#include <gtest/gtest.h>

#include "engine/ops/table.h"
#include "tests/network/trial.h"

namespace vireo::testing_network {
namespace {

using A = Network::Activation;
using E = Network::Elementwise;

bool said(const Network& n, const std::string& what) {
  for (const std::string& error : n.errors())
    if (error.find(what) != std::string::npos) return true;
  return false;
}

TEST(If, takes_the_branch_that_a_run_tells) {
  Trial t;
  const Tensor which = t.input({1}, {1}, DataType::boolean), x = t.input({3}, {-1, 2, 3});
  const Tensor step = t.constant({3}, {10, 20, 30}), most = t.n.add_reduce(x, Network::Reduction::max, {.keep = false});
  Network::If choice = t.n.add_if(which, "choice");
  Network::Body& yes = choice.then_body();
  yes.mark_output(yes.add_elementwise(yes.outer(x), yes.outer(step), E::sum, "sum"));
  yes.mark_output(yes.outer(x));
  Network::Body& no = choice.else_body();
  no.mark_output(no.add_elementwise(no.outer(x), no.outer(most), E::difference, "less"));
  no.mark_output(no.add_activation(no.outer(x), A::relu));
  const std::vector<Tensor> results = choice.finish();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(t.n.info(results[0]).dims, Dims{3});
  EXPECT_EQ(t.n.layer_of(results[0]).name(), "choice");
  t.expect(results[0], {3}, {9, 22, 33});
  t.expect(results[1], {3}, {-1, 2, 3});
  t.change(0, {0});
  t.expect(results[0], {3}, {-4, -1, 0});
  t.expect(t.n.add_unary(results[1], Network::Unary::neg), {3}, {0, -2, -3});
}

TEST(If, branches_may_give_other_shapes_and_have_weights_of_their_own) {
  Trial t;
  const Tensor which = t.input({}, {0}, DataType::boolean), x = t.input({1, 40}, counting(40));
  Network::If choice = t.n.add_if(which);
  Network::Body& yes = choice.then_body();
  const std::vector<float> ones(80, 1);
  const Tensor w = yes.add_constant("w", DataType::float32, {2, 40}, ones.data(), 320);
  yes.mark_output(yes.add_fully_connected(yes.outer(x), w));
  Network::Body& no = choice.else_body();
  no.mark_output(no.add_slice(no.outer(x), {.axes = {1}, .start = {0}, .size = {3}}));
  const Tensor y = choice.finish()[0];
  EXPECT_EQ(t.n.info(y).dims, (Dims{1, kUnknown}));
  t.expect(y, {1, 3}, {1, 2, 3});
  t.change(0, {1});
  t.expect(y, {1, 2}, {820, 820});
}

TEST(If, may_stand_inside_a_branch) {
  Trial t;
  const Tensor first = t.input({}, {1}, DataType::boolean), second = t.input({}, {0}, DataType::boolean),
               x = t.input({2}, {1, 2});
  Network::If outer = t.n.add_if(first, "outer");
  Network::Body& yes = outer.then_body();
  Network::If inner = yes.add_if(yes.outer(second), "inner");
  const Tensor inside = yes.outer(x);
  inner.then_body().mark_output(inner.then_body().outer(inside));
  Network::Body& deep = inner.else_body();
  deep.mark_output(deep.add_unary(deep.outer(inside), Network::Unary::neg));
  yes.mark_output(inner.finish()[0]);
  outer.else_body().mark_output(outer.else_body().outer(x));
  const Tensor y = outer.finish()[0];
  t.expect(y, {2}, {-1, -2});
  t.change(1, {1});
  t.expect(y, {2}, {1, 2});
}

TEST(If, a_condition_that_is_known_leaves_one_branch) {
  Trial t;
  const Tensor x = t.input({2}, {1, 2});
  Network::If choice = t.n.add_if(t.constant({}, {1}, DataType::boolean));
  choice.then_body().mark_output(choice.then_body().add_unary(choice.then_body().outer(x), Network::Unary::neg));
  choice.else_body().mark_output(choice.else_body().outer(x));
  t.expect(choice.finish()[0], {2}, {-1, -2});
}

TEST(If, what_is_wrong_inside_is_an_error_of_the_network_around) {
  Trial t;
  const Tensor which = t.input({}, {1}, DataType::boolean), x = t.input({2}, {1, 2});
  Network::If choice = t.n.add_if(which, "choice");
  Network::Body& yes = choice.then_body();
  yes.mark_output(yes.add_unary(yes.outer(x), Network::Unary::logical_not, "wrong"));
  Network::Body& no = choice.else_body();
  no.mark_output(no.add_identity(x, "of outside"));
  (void)choice.finish();
  EXPECT_TRUE(said(t.n, "'choice', then branch: unary 'wrong'"));
  EXPECT_TRUE(said(t.n, "'choice', else branch: identity 'of outside': input 0 is a tensor of another network"));
  EXPECT_EQ(t.n.errors().size(), 2u);
  (void)choice.finish();
  EXPECT_TRUE(said(t.n, "'choice' is finished twice"));
}

TEST(If, a_branch_has_no_inputs_of_its_own) {
  Trial t;
  const Tensor which = t.input({}, {1}, DataType::boolean), x = t.input({2}, {1, 2});
  Network::If choice = t.n.add_if(which, "choice");
  Network::Body& yes = choice.then_body();
  yes.mark_output(yes.add_input("x", DataType::float32, {2}));
  choice.else_body().mark_output(choice.else_body().outer(x));
  (void)choice.finish();
  EXPECT_TRUE(said(t.n, "'choice', then branch: it has inputs of its own"));
}

TEST(If, branches_that_dont_match_are_refused) {
  Trial t;
  const Tensor which = t.input({}, {1}, DataType::boolean), x = t.input({2}, {1, 2});
  Network::If counts = t.n.add_if(which, "counts");
  counts.then_body().mark_output(counts.then_body().outer(x));
  (void)counts.finish();
  EXPECT_TRUE(said(t.n, "if 'counts': its branches have 1 and 0 outputs"));
  Network::If types = t.n.add_if(which, "types");
  types.then_body().mark_output(types.then_body().outer(x));
  types.else_body().mark_output(types.else_body().add_cast(types.else_body().outer(x), DataType::int32));
  const std::vector<Tensor> results = types.finish();
  EXPECT_TRUE(said(t.n, "if 'types': its branches give output 0 as float32 and as int32"));
  ASSERT_EQ(results.size(), 1u);
  (void)t.n.add_identity(results[0]);
  EXPECT_EQ(t.n.errors().size(), 2u);
}

class Loops : public testing::Test {
 protected:
  void SetUp() override {
    if (!ops::find_operator("loop")) GTEST_SKIP() << "this engine has no loops";
  }
};

TEST_F(Loops, hand_on_what_they_carry) {
  Trial t;
  const Tensor count = t.input({}, {3}, DataType::int64), x = t.input({2}, {1, 2}), step = t.input({2}, {10, 20});
  Network::Loop loop = t.n.add_loop({.trip_count = count, .carried = {x}}, "loop");
  Network::Body& body = loop.body();
  loop.carry(0, body.add_elementwise(loop.carried(0), body.outer(step), E::sum, "sum"));
  loop.stack(loop.carried(0));
  const std::vector<Tensor> results = loop.finish();
  ASSERT_EQ(results.size(), 2u);
  t.expect(results[0], {2}, {31, 62});
  t.expect(results[1], {3, 2}, {1, 2, 11, 22, 21, 42});
  t.change(0, {0});
  t.expect(results[0], {2}, {1, 2});
}

TEST_F(Loops, go_on_while_their_condition_holds) {
  Trial t;
  const Tensor x = t.input({}, {1}), most = t.input({}, {100});
  Network::Loop loop = t.n.add_loop({.carried = {x}}, "doubling");
  Network::Body& body = loop.body();
  const Tensor next = body.add_elementwise(loop.carried(0), loop.carried(0), E::sum);
  loop.carry(0, next);
  loop.set_condition(body.add_elementwise(next, body.outer(most), E::less));
  t.expect(loop.finish()[0], {}, {128});
}

TEST_F(Loops, read_entries_of_a_tensor_and_let_shapes_grow) {
  Trial t;
  const Tensor count = t.constant({}, {3}, DataType::int64), x = t.input({3, 1}, {1, 2, 3}), none = t.constant({0}, {});
  Network::Loop loop = t.n.add_loop({.trip_count = count, .carried = {none}}, "growing");
  Network::Body& body = loop.body();
  loop.carry(0, body.add_concatenation({loop.carried(0), loop.entry(x, 0, true)}, 0));
  loop.stack(loop.entry(x));
  const std::vector<Tensor> results = loop.finish();
  t.expect(results[0], {3}, {3, 2, 1});
  t.expect(results[1], {3, 1}, {1, 2, 3});
}

TEST(Loop, what_is_wrong_is_told_by_name) {
  Trial t;
  const Tensor count = t.input({}, {3}, DataType::int64), x = t.input({2}, {1, 2});
  Network::Loop loop = t.n.add_loop({.trip_count = count, .carried = {x}}, "loop");
  Network::Body& body = loop.body();
  loop.carry(0, body.add_cast(loop.carried(0), DataType::int32));
  loop.carry(1, x);
  EXPECT_THROW((void)loop.carried(1), Error);
  (void)loop.finish();
  EXPECT_TRUE(said(t.n, "loop 'loop' carries 1 tensors; number 1 was handed on"));
  EXPECT_TRUE(said(t.n, "loop 'loop': carries float32 at place 0 and hands on int32"));
  Network::Loop other = t.n.add_loop({.trip_count = count, .carried = {x}}, "other");
  other.stack(x);
  (void)other.finish();
  EXPECT_TRUE(said(t.n, "'other', body: its result 'stacked0' is a tensor of another network"));
}

}  // namespace
}  // namespace vireo::testing_network
