// Looking through a network and changing it.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/network/trial.h"

namespace vireo::testing_network {
namespace {

using A = Network::Activation;

/// x → neg → relu → y.
struct Chain : Trial {
  Tensor x = input({3}, {-1, 0, 2});
  Tensor negated = n.add_unary(x, Network::Unary::neg, "neg");
  Tensor y = n.add_activation(negated, A::relu, {}, "relu");
};

TEST(Edit, layers_and_tensors_are_found_and_tell_what_they_are) {
  Chain c;
  ASSERT_EQ(c.n.layers().size(), 2u);
  EXPECT_EQ(c.n.layers()[0].name(), "neg");
  Network::Layer relu = c.n.find_layer("relu");
  ASSERT_TRUE(relu);
  EXPECT_FALSE(c.n.find_layer("none"));
  EXPECT_EQ(relu.op(), "unary");
  EXPECT_EQ(std::get<std::string>(relu.attributes().at("function")), "relu");
  EXPECT_EQ(relu.inputs()[0].id, c.negated.id);
  EXPECT_EQ(relu.outputs()[0].id, c.y.id);
  EXPECT_EQ(c.n.layer_of(c.y), relu);
  EXPECT_FALSE(c.n.layer_of(c.x));
  ASSERT_EQ(c.n.readers_of(c.negated).size(), 1u);
  EXPECT_EQ(c.n.readers_of(c.negated)[0], relu);
  EXPECT_EQ(c.n.tensors().size(), 3u);
  c.n.rename(c.y, "result");
  EXPECT_EQ(c.n.find_tensor("result").id, c.y.id);
  EXPECT_EQ(c.n.info(c.y).name, "result");
  EXPECT_EQ(c.n.info(c.y).dims, Dims{3});
  relu.set_name("other");
  EXPECT_TRUE(c.n.find_layer("other"));
  c.n.rename(c.negated, "result");
  EXPECT_EQ(c.n.errors().size(), 1u) << "the name is taken";
}

TEST(Edit, handles_stay_good_when_the_network_is_moved) {
  Chain c;
  Network::Layer relu = c.n.find_layer("relu");
  const Network moved = std::move(c.n);
  EXPECT_EQ(relu.name(), "relu");
  EXPECT_EQ(moved.info(c.y).dims, Dims{3});
}

TEST(Edit, a_layer_is_put_between_two) {
  Chain c;
  c.n.replace(c.negated, c.n.add_elementwise(c.negated, c.constant({1}, {10}), Network::Elementwise::sum, "between"));
  c.expect(c.y, {3}, {11, 10, 8});
  // Behind an output of the network: the public name stays.
  Chain d;
  d.n.mark_output(d.y, "y");
  d.n.replace(d.y, d.n.add_unary(d.y, Network::Unary::neg, "last"));
  ASSERT_EQ(d.n.outputs().size(), 1u);
  EXPECT_EQ(d.n.outputs()[0].name, "y");
  EXPECT_EQ(d.n.layer_of(d.n.find_tensor(d.n.info(d.y).name)).name(), "relu");
  d.expect(d.n.find_layer("last").outputs()[0], {3}, {-1, 0, 0});
}

TEST(Edit, a_layer_reads_another_tensor_and_types_follow) {
  Chain c;
  const Tensor wide = c.input({1, 2}, {-5, 5});
  c.n.find_layer("neg").set_input(0, wide);
  EXPECT_EQ(c.n.info(c.y).dims, (Dims{1, 2}));
  c.expect(c.y, {1, 2}, {5, 0});
  c.n.find_layer("relu").set_attribute("function", std::string("abs"));
  c.expect(c.y, {1, 2}, {5, 5});
  c.n.find_layer("relu").set_input(7, wide);
  EXPECT_EQ(c.n.errors().size(), 1u);
}

TEST(Edit, what_no_longer_fits_is_told_by_the_check) {
  Chain c;
  c.n.mark_output(c.n.add_concatenation({c.y, c.y}, 0, "joined"), "y");
  EXPECT_NO_THROW(c.n.validate());
  c.n.find_layer("joined").set_input(1, c.input({1, 2}, {1, 2}));
  try {
    c.n.validate();
    FAIL() << "a concatenation of two ranks";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'joined'"), std::string::npos) << error.what();
  }
  c.n.find_layer("joined").set_input(1, c.y);
  EXPECT_NO_THROW(c.n.validate()) << "put right again";
}

TEST(Edit, a_cycle_is_told) {
  Chain c;
  c.n.mark_output(c.y, "y");
  c.n.find_layer("neg").set_input(0, c.y);
  EXPECT_THROW(c.n.validate(), Error);
}

TEST(Edit, inner_tensors_are_outputs_for_a_while) {
  Chain c;
  c.n.mark_output(c.y, "y");
  c.n.mark_output(c.negated, "inner");
  c.n.mark_output(c.negated, "again");
  EXPECT_EQ(c.n.outputs().size(), 3u);
  BuildOptions options;
  options.budget_s = 0;
  EXPECT_EQ(build(c.n, options).outputs().size(), 3u);
  c.n.unmark_output(c.negated);
  ASSERT_EQ(c.n.outputs().size(), 1u);
  EXPECT_EQ(c.n.outputs()[0].name, "y");
  c.n.unmark_output("y");
  EXPECT_TRUE(c.n.outputs().empty());
  c.n.graph().verify();
}

TEST(Edit, what_nothing_reads_is_taken_out) {
  Chain c;
  (void)c.n.add_unary(c.n.add_unary(c.x, Network::Unary::exp), Network::Unary::exp);
  c.n.mark_output(c.negated, "y");
  EXPECT_EQ(c.n.remove_unread(), 3);
  ASSERT_EQ(c.n.layers().size(), 1u);
  EXPECT_EQ(c.n.info(c.x).name, "x0") << "handles to what is left stay good";
  c.expect(c.negated, {3}, {1, 0, -2});
}

TEST(Edit, an_output_has_another_type_for_all_that_read_it) {
  Chain c;
  Network::Layer neg = c.n.find_layer("neg");
  neg.set_output_type(0, DataType::float16);
  EXPECT_EQ(c.n.info(c.negated).dtype, DataType::float16);
  EXPECT_EQ(c.n.info(c.y).dtype, DataType::float16);
  EXPECT_EQ(neg.outputs()[0].id, c.negated.id);
  EXPECT_EQ(c.n.layer_of(c.negated), neg);
  neg.set_output_type(0, DataType::int32);
  c.expect(c.y, {3}, {1, 0, 0});
  EXPECT_EQ(c.n.info(c.y).dtype, DataType::int32);
  EXPECT_EQ(c.n.layers().size(), 3u) << "one cast";
}

TEST(Edit, an_imported_network_is_edited_like_one_made_by_hand) {
  Chain first;
  first.n.mark_output(first.y, "y");
  Network n(std::make_unique<graph::Graph>(first.n.graph()));
  Network::Layer relu = n.find_layer("relu");
  n.unmark_output("y");
  n.mark_output(n.add_activation(relu.inputs()[0], A::tanh), "y");
  n.remove_unread();
  EXPECT_FALSE(n.find_layer("relu"));
  EXPECT_NO_THROW(n.validate());
}

}  // namespace
}  // namespace vireo::testing_network
