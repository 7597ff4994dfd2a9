// Outputs that are inputs, constants or listed twice: one name is one buffer.

#include <gtest/gtest.h>

#include "engine/ops/table.h"
#include "tests/runtime/networks.h"

namespace vireo {
namespace {

/// x [6] → t = -x, not marked yet.
struct Negated {
  Network network;
  Network::Tensor x, t;
  Negated() {
    x = network.add_input("x", DataType::float32, {6});
    t = network.add_layer("unary", {x}, {{"function", std::string("neg")}}, "t")[0];
  }
};

void fill(const Buffer& buffer) {
  for (int i = 0; i < 6; ++i) buffer.as<float>()[i] = static_cast<float>(i + 1);
}

void expect_values(const Buffer& buffer, float sign) {
  for (int i = 0; i < 6; ++i) EXPECT_EQ(buffer.as<float>()[i], sign * static_cast<float>(i + 1)) << i;
}

TEST(Names, an_output_of_an_inputs_name_is_the_input) {
  Negated n;
  n.network.mark_output(n.t, "y");
  n.network.mark_output(n.x, "x");
  auto engine = Engine::load(testing_networks::quick_plan(n.network));
  EXPECT_EQ(engine->outputs()[1].name, "x");
  auto context = engine->create_context();
  const Buffer in = context->allocate("x");
  fill(in);
  const Buffer out = context->allocate("x"), y = context->allocate("y");
  EXPECT_EQ(out.data(), in.data());
  ASSERT_TRUE(context->run().ok());
  expect_values(context->result("x"), 1);
  expect_values(y, -1);
}

TEST(Names, a_network_may_be_nothing_but_its_input) {
  Network n;
  n.mark_output(n.add_input("x", DataType::float32, {6}));
  auto engine = Engine::load(testing_networks::quick_plan(n));
  auto context = engine->create_context();
  std::vector<float> own(9);
  const Buffer buffer = Buffer::borrow(own.data(), own.size() * sizeof(float));
  context->bind("x", buffer);
  EXPECT_EQ(context->allocate("x").data(), buffer.data()) << "it is large enough";
  fill(buffer);
  ASSERT_TRUE(context->run().ok());
  expect_values(context->result("x"), 1);
}

TEST(Names, an_output_listed_twice_has_one_buffer) {
  Negated n;
  n.network.mark_output(n.t, "y");
  n.network.mark_output(n.t, "y");
  n.network.mark_output(n.t, "z");
  auto engine = Engine::load(testing_networks::quick_plan(n.network));
  ASSERT_EQ(engine->outputs().size(), 3u);
  auto context = engine->create_context();
  fill(context->allocate("x"));
  const Buffer first = context->allocate("y"), second = context->allocate("y"), z = context->allocate("z");
  EXPECT_EQ(first.data(), second.data());
  ASSERT_TRUE(context->run().ok());
  expect_values(context->result("y"), -1);
  expect_values(z, -1);
  EXPECT_THROW(context->bind("y", Buffer::host(8)), Error) << "too small for both";
  ASSERT_TRUE(context->run().ok()) << "and the old one is still bound";
}

TEST(Names, copies_of_a_tensor_under_its_name_are_it) {
  // As an importer may put it: identity layers between, of which passes may leave any.
  for (const bool passes : {true, false}) {
    Negated n;
    graph::Graph& g = n.network.graph();
    const auto identity = [&](Network::Tensor t) {
      return n.network.add_layer("unary", {t}, {{"function", std::string("identity")}})[0].id;
    };
    g.mark_output(identity(n.t), "y");
    g.mark_output(identity(n.t), "y");
    g.mark_output(identity(n.x), "x");
    BuildOptions options;
    options.budget_s = 0;
    if (!passes) options.disabled_passes = {"identities", "common_subexpressions"};
    auto engine = Engine::load(build(n.network, options), {}, {.threads = 2});
    auto context = engine->create_context();
    const Buffer x = context->allocate("x");
    fill(x);
    EXPECT_EQ(context->allocate("x").data(), x.data());
    (void)context->allocate("y");
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(context->run().ok());
    expect_values(context->result("y"), -1);
    expect_values(context->result("x"), 1);
  }
}

TEST(Names, a_constant_may_be_an_output_under_any_name) {
  Negated n;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const auto c = n.network.add_constant("c", DataType::float32, {6}, values.data(), 24);
  n.network.mark_output(n.t, "y");
  n.network.mark_output(c);
  n.network.mark_output(c, "again");
  auto engine = Engine::load(testing_networks::quick_plan(n.network));
  auto context = engine->create_context();
  fill(context->allocate("x"));
  for (const char* name : {"y", "c", "again"}) (void)context->allocate(name);
  ASSERT_TRUE(context->run().ok());
  expect_values(context->result("c"), 1);
  expect_values(context->result("again"), 1);
}

TEST(Names, one_name_for_two_tensors_is_refused) {
  Negated n;
  n.network.mark_output(n.t, "x");
  EXPECT_EQ(n.network.errors().size(), 1u) << "an input has it";
  n.network.mark_output(n.t, "y");
  n.network.mark_output(n.x, "y");
  EXPECT_EQ(n.network.errors().size(), 2u) << "an output has it";
  EXPECT_EQ(n.network.outputs().size(), 1u);
  EXPECT_THROW((void)testing_networks::quick_plan(n.network), Error);
}

}  // namespace
}  // namespace vireo
