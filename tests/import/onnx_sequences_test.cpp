// Sequences and optionals whose lengths, extents or presence only a run tells, in and out of networks.
#include <cstring>

#include "engine/api/sequence.h"
#include "tests/import/built.h"
#include "tests/import/loops.h"

namespace vireo::import_testing {
namespace {

TEST(Sequences, OfEitherBranchAreTakenApart) {
  onnx::GraphProto two, one;
  add_node(two, "SequenceConstruct", {"x", "n"}, {"s"});
  give(two, "s");
  add_node(one, "SequenceConstruct", {"n"}, {"s"});
  give(one, "s");
  Model model(17);
  model.input("x", {-1});
  decide_by_data(model).node("Neg", {"x"}, {"n"}).node("If", {"c"}, {"s"}, branches(two, one));
  model.node("ConcatFromSequence", {"s"}, {"y"}, {{"axis", std::int64_t{0}}}).node("Abs", {"y"}, {"a"});
  *model.proto.mutable_graph()->add_initializer() = one_integer("last", -1);
  model.node("SequenceAt", {"s", "last"}, {"z"}).node("SequenceLength", {"s"}, {"length"});
  model.output("y").output("a").output("z").output("length");
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{1, 2, -1, -2});
  EXPECT_VALUES(built({{2}, {-1, -2}}), Values{1, 2});
  EXPECT_VALUES(built({{1}, {3}}), Values{3, -3});
}

TEST(Sequences, AreSplitInsertedIntoAndErased) {
  Model model(17);
  model.input("x", {-1, 2});
  *model.proto.mutable_graph()->add_initializer() = one_integer("two", 2);
  *model.proto.mutable_graph()->add_initializer() = one_integer("first", 0);
  model.node("SplitToSequence", {"x", "two"}, {"s"}).node("ReduceMax", {"x"}, {"most"}, {{"axes", Ints{0}}});
  model.node("SequenceInsert", {"s", "most", "first"}, {"t"}).node("SequenceErase", {"t"}, {"u"});
  model.node("ConcatFromSequence", {"u"}, {"y"}, {{"axis", std::int64_t{0}}}).output("y");
  model.node("SplitToSequence", {"x"}, {"rows"}, {{"keepdims", std::int64_t{0}}});
  model.node("ConcatFromSequence", {"rows"}, {"z"}, {{"axis", std::int64_t{1}}, {"new_axis", std::int64_t{1}}});
  model.output("z");
  Built built(model);
  EXPECT_VALUES(built({{3, 2}, {1, 2, 3, 4, 5, 6}}), Values{5, 6, 1, 2, 3, 4});
  EXPECT_VALUES(built({{5, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 0, 0}}), Values{7, 8, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST(Sequences, AreMapped) {
  onnx::GraphProto body;
  take(body, "a");
  take(body, "k");
  add_node(body, "Mul", {"a", "k"}, {"b"});
  give(body, "b");
  for (const bool open : {false, true}) {
    Model model(17);
    model.input("x", open ? Dims{-1, 2} : Dims{3, 2}).node("SplitToSequence", {"x"}, {"rows"});
    model.node("ReduceMax", {"x"}, {"most"}, {{"keepdims", std::int64_t{0}}});
    model.node("SequenceMap", {"rows", "most"}, {"scaled"}, with_body(body));
    model.node("ConcatFromSequence", {"scaled"}, {"y"}, {{"axis", std::int64_t{0}}}).output("y");
    Built built(model);
    EXPECT_VALUES(built({{3, 2}, {1, 2, 3, 4, 5, 6}}), Values{6, 12, 18, 24, 30, 36});
    if (open) {
      EXPECT_VALUES(built({{1, 2}, {1, 2}}), Values{2, 4});
    }
  }
}

TEST(Optionals, AreThereOrNot) {
  onnx::GraphProto some, none, use;
  add_node(some, "Optional", {"x"}, {"o"});
  give(some, "o");
  onnx::NodeProto& empty = add_node(none, "Optional", {}, {"o"});
  auto* type = empty.add_attribute();
  type->set_name("type");
  type->set_type(onnx::AttributeProto::TYPE_PROTO);
  type->mutable_tp()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  give(none, "o");
  add_node(use, "OptionalGetElement", {"o"}, {"t"});
  give(use, "t");
  Model model(18);
  model.input("x", {2});
  model.constant("zero", {}, Floats{0}).node("ReduceMax", {"x"}, {"top"}, {{"keepdims", std::int64_t{0}}});
  model.node("Greater", {"top", "zero"}, {"c"}).node("If", {"c"}, {"o"}, branches(some, none));
  model.node("OptionalHasElement", {"o"}, {"has"}).node("Neg", {"x"}, {"n"});
  model.node("If", {"has"}, {"y"}, branches(use, branch_of("Identity", {"n"}))).output("y").output("has");
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{1, 2});
  EXPECT_VALUES(built({{2}, {-1, -2}}), Values{1, 2});
}

TEST(Sequences, AreInputsAndOutputsInOneTensorOfBytes) {
  Model model(17);
  auto* info = model.proto.mutable_graph()->add_input();
  info->set_name("s");
  info->mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::FLOAT);
  *model.proto.mutable_graph()->add_initializer() = one_integer("first", 0);
  model.node("SequenceAt", {"s", "first"}, {"a"}).node("SequenceInsert", {"s", "a"}, {"t"}).output("t").output("a");
  const Network network = model.load();
  EXPECT_EQ(network.metadata().at("onnx.sequence.s"), "sequence of float32");
  EXPECT_EQ(network.metadata().at("onnx.sequence.t"), "sequence of float32");
  const auto engine = Engine::load(build(network, quick()));
  const auto context = engine->create_context();
  const std::vector<float> values{1, 2, 3, 4, 5};
  for (const std::int64_t rows : {1, 2}) {
    const SequenceItem items[] = {{DataType::float32, {rows, 2}, values.data()}, {DataType::float32, {}, &values[4]}};
    const auto bytes = static_cast<std::int64_t>(packed_bytes(items));
    context->set_shape("s", {bytes});
    pack_sequence(items, context->allocate("s").data());
    const Status status = context->run();
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(context->shape("a"), (Dims{rows, 2}));
    const Buffer result = context->result("t");
    const std::vector<SequenceItem> found = unpack_sequence(result.data(), result.bytes());
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[1].dims, Dims{});
    EXPECT_EQ(found[2].dims, (Dims{rows, 2}));
    EXPECT_EQ(std::memcmp(found[2].data, values.data(), static_cast<std::size_t>(rows) * 2 * sizeof(float)), 0);
  }
}

TEST(Sequences, ThatAreDamagedAreRefused) {
  const float value = 1;
  const SequenceItem items[] = {{DataType::float32, {1}, &value}, {DataType::float32, {1}, &value}};
  std::vector<std::byte> bytes(packed_bytes(items));
  pack_sequence(items, bytes.data());
  EXPECT_EQ(unpack_sequence(bytes.data(), bytes.size()).size(), 2u);
  EXPECT_THROW((void)unpack_sequence(bytes.data(), 40), Error);
  EXPECT_THROW((void)unpack_sequence(bytes.data(), 3), Error);
  for (std::size_t at = 0; at < 64; ++at) {
    std::vector<std::byte> wrong = bytes;
    wrong[at] = std::byte{0xff};
    try {
      (void)unpack_sequence(wrong.data(), wrong.size());
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace vireo::import_testing
