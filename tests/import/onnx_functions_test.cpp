// Functions of the model and branches of If: what their attributes, names and sequences stand for where they are
// called.
#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

using Values = std::vector<double>;

/// A message with one more field than the onnx library may know: FunctionProto.attribute_proto, a default.
void add_default(onnx::FunctionProto& function, const Attribute& attribute) {
  onnx::NodeProto holder;
  set_attribute(holder, attribute);
  onnx::FunctionProto tail;
  tail.GetReflection()->MutableUnknownFields(&tail)->AddLengthDelimited(11, holder.attribute(0).SerializeAsString());
  const std::string bytes = function.SerializeAsString() + tail.SerializeAsString();
  ASSERT_TRUE(function.ParseFromString(bytes));
}

void refer(onnx::NodeProto& node, const std::string& name, const std::string& to,
           onnx::AttributeProto::AttributeType type = onnx::AttributeProto::UNDEFINED) {
  onnx::AttributeProto& a = *node.add_attribute();
  a.set_name(name);
  a.set_ref_attr_name(to);
  a.set_type(type);
}

onnx::FunctionProto& add_function(Model& model, const std::string& name, const std::vector<std::string>& inputs,
                                  const std::vector<std::string>& outputs) {
  onnx::FunctionProto& function = *model.proto.add_functions();
  function.set_name(name);
  function.set_domain("mine");
  for (const std::string& input : inputs) function.add_input(input);
  for (const std::string& output : outputs) function.add_output(output);
  return function;
}

/// y = F(x), where F is one node with the attribute `name` that refers to F's attribute p, which the call may give.
Values call(const std::string& op, const std::string& name, const Attribute& fallback, const Values& x,
            const std::vector<Attribute>& given = {}, const Dims& dims = {2}) {
  Model model(18);
  model.import("mine", 1);
  onnx::FunctionProto& function = add_function(model, "F", {"a"}, {"b"});
  onnx::NodeProto& node = add_node(function, op, {}, {"b"});
  if (op != "Constant") node.add_input("a");
  if (op == "DepthToSpace") set_attribute(node, {"blocksize", std::int64_t{2}});
  refer(node, name, "p");
  add_default(function, fallback);
  model.input("x", dims).node("F", {"x"}, {"y"}, given, "mine").output("y");
  return run(model.load(), {x});
}

TEST(FunctionDefaults, OfEveryKindHoldWhereTheCallLeavesTheAttributeOut) {
  EXPECT_VALUES(call("LeakyRelu", "alpha", {"p", 0.25f}, {-4, 4}), Values{-1, 4});
  EXPECT_VALUES(call("ReduceSum", "keepdims", {"p", std::int64_t{0}}, {1, 2}), Values{3});
  EXPECT_VALUES(call("DepthToSpace", "mode", {"p", std::string("CRD")}, ramp(8), {}, {1, 8, 1, 1}), ramp(8));
  EXPECT_VALUES(call("Constant", "value_ints", {"p", Ints{7, 8}}, {0, 0}), Values{7, 8});
  EXPECT_VALUES(call("Constant", "value_floats", {"p", Floats{0.5f, 1.5f}}, {0, 0}), Values{0.5, 1.5});
  EXPECT_VALUES(call("Constant", "value", {"p", tensor_of("t", {2}, Floats{3, 4})}, {0, 0}), Values{3, 4});
  EXPECT_VALUES(call("Transpose", "perm", {"p", Ints{0, 1}}, {1, 2, 3, 4}, {}, {2, 2}), Values{1, 2, 3, 4});
}

TEST(FunctionDefaults, GiveWayToWhatTheCallGives) {
  EXPECT_VALUES(call("LeakyRelu", "alpha", {"p", 0.25f}, {-4, 4}, {{"p", 0.5f}}), Values{-2, 4});
  EXPECT_VALUES(call("Constant", "value_ints", {"p", Ints{7}}, {0, 0}, {{"p", Ints{9}}}), Values{9});
}

TEST(FunctionDefaults, LeaveTheOperatorsDefaultWhereTheFunctionHasNone) {
  Model model(18);
  model.import("mine", 1);
  onnx::FunctionProto& function = add_function(model, "F", {"a"}, {"b"});
  function.add_attribute("p");
  refer(add_node(function, "LeakyRelu", {"a"}, {"b"}), "alpha", "p");
  model.input("x", {2}).node("F", {"x"}, {"y"}, {}, "mine").output("y");
  EXPECT_VALUES(run(model.load(), {{-100, 1}}), Values{-1, 1});
}

TEST(FunctionDefaults, PassThroughFunctionsInsideFunctions) {
  for (const bool given : {false, true}) {
    Model model(18);
    model.import("mine", 1);
    onnx::FunctionProto& outer = add_function(model, "Outer", {"a"}, {"b"});
    refer(add_node(outer, "Inner", {"a"}, {"b"}, {}, "mine"), "q", "p");
    add_node(outer, "Inner", {"b"}, {"c"}, {}, "mine");
    outer.add_output("c");
    add_default(outer, {"p", 0.5f});
    onnx::FunctionProto& inner = add_function(model, "Inner", {"a"}, {"b"});
    refer(add_node(inner, "LeakyRelu", {"a"}, {"b"}), "alpha", "q");
    add_default(inner, {"q", 0.1f});
    model.input("x", {2}).node("Outer", {"x"}, {"y", "z"}, {}, "mine").output("y").output("z");
    if (given) set_attribute(*model.proto.mutable_graph()->mutable_node(0), {"p", 0.25f});
    EXPECT_VALUES(run(model.load(), {{-8, 1}}), (given ? Values{-2, 1} : Values{-4, 1}));
    EXPECT_VALUES(run(model.load(), {{-8, 1}}, 2, 1), (given ? Values{-0.2, 1} : Values{-0.4, 1}));
  }
}

TEST(FunctionDefaults, ReachIntoBranches) {
  onnx::GraphProto branch;
  refer(add_node(branch, "LeakyRelu", {"a"}, {"t"}), "alpha", "p");
  branch.add_output()->set_name("t");
  onnx::GraphProto other;
  add_node(other, "Neg", {"a"}, {"t"});
  other.add_output()->set_name("t");
  Model model(18);
  model.import("mine", 1);
  onnx::FunctionProto& function = add_function(model, "F", {"a", "c"}, {"b"});
  add_node(function, "If", {"c"}, {"b"}, {{"then_branch", branch}, {"else_branch", other}});
  add_default(function, {"p", 0.25f});
  onnx::TensorProto yes;
  yes.set_name("yes");
  yes.set_data_type(onnx::TensorProto::BOOL);
  yes.add_int32_data(1);
  *model.proto.mutable_graph()->add_initializer() = yes;
  model.input("x", {2}).node("F", {"x", "yes"}, {"y"}, {}, "mine").output("y");
  EXPECT_VALUES(run(model.load(), {{-4, 1}}), Values{-1, 1});
}

TEST(FunctionDefaults, MayBeTheBranchesThemselves) {
  onnx::GraphProto twice, thrice;
  for (auto& [graph, factor] : {std::pair{&twice, 2.0f}, {&thrice, 3.0f}}) {
    *graph->add_initializer() = tensor_of("k", {}, Floats{factor});
    add_node(*graph, "Mul", {"scaled", "k"}, {"t"});
    graph->add_output()->set_name("t");
  }
  for (const bool given : {false, true}) {
    Model model(18);
    model.import("mine", 1);
    onnx::FunctionProto& function = add_function(model, "F", {"a"}, {"b"});
    add_node(function, "Constant", {}, {"c"}, {{"value", tensor_of("v", {1}, Ints{1})}});
    add_node(function, "Cast", {"c"}, {"yes"}, {{"to", std::int64_t{onnx::TensorProto::BOOL}}});
    onnx::NodeProto& node = add_node(function, "If", {"yes"}, {"b"}, {{"else_branch", thrice}});
    refer(node, "then_branch", "body", onnx::AttributeProto::GRAPH);
    add_node(function, "Neg", {"a"}, {"scaled"});  // that only the branch reads
    add_default(function, {"body", twice});
    model.input("x", {2}).node("F", {"x"}, {"y"}, {}, "mine").output("y");
    if (given) set_attribute(*model.proto.mutable_graph()->mutable_node(0), {"body", thrice});
    EXPECT_VALUES(run(model.load(), {{1, 2}}), (given ? Values{-3, -6} : Values{-2, -4}));
  }
}

TEST(Functions, OfOneNameAreToldApartByTheirOverload) {
  Model model(18);
  model.import("mine", 1);
  for (const auto& [overload, op] : {std::pair{"one", "Neg"}, {"two", "Abs"}}) {
    onnx::FunctionProto& function = add_function(model, "F", {"a"}, {"b"});
    add_node(function, op, {"a"}, {"b"});
    function.GetReflection()->MutableUnknownFields(&function)->AddLengthDelimited(13, overload);
  }
  model.input("x", {2}).node("F", {"x"}, {"y"}, {}, "mine").node("F", {"x"}, {"z"}, {}, "mine").output("y").output("z");
  for (const auto& [index, overload] : {std::pair{0, "one"}, {1, "two"}}) {
    onnx::NodeProto& node = *model.proto.mutable_graph()->mutable_node(index);
    node.GetReflection()->MutableUnknownFields(&node)->AddLengthDelimited(8, overload);
  }
  EXPECT_VALUES(run(model.load(), {{-1, 2}}), Values{1, -2});
  EXPECT_VALUES(run(model.load(), {{-1, 2}}, 2, 1), Values{1, 2});
}

TEST(Functions, TakeAndGiveSequences) {
  Model model(18);
  model.import("mine", 1);
  onnx::FunctionProto& make = add_function(model, "Make", {"a", "b"}, {"s"});
  add_node(make, "SequenceConstruct", {"a", "b"}, {"s"});
  onnx::FunctionProto& join = add_function(model, "Join", {"s"}, {"j"});
  add_node(join, "ConcatFromSequence", {"s"}, {"j"}, {{"axis", std::int64_t{0}}});
  model.input("x", {1}).input("z", {1});
  model.node("Make", {"x", "z"}, {"s"}, {}, "mine").node("Join", {"s"}, {"y"}, {}, "mine").output("y");
  EXPECT_VALUES(run(model.load(), {{1}, {2}}), Values{1, 2});
}

TEST(Functions, ShareTheConstantsOfTheirBodies) {
  Model model(18);
  model.import("mine", 1);
  onnx::FunctionProto& function = add_function(model, "F", {"a"}, {"b"});
  add_node(function, "Constant", {}, {"k"}, {{"value", tensor_of("v", {1000}, Floats(1000, 2))}});
  add_node(function, "Mul", {"a", "k"}, {"b"});
  model.input("x", {1000});
  for (int i = 0; i < 50; ++i)
    model.node("F", {i == 0 ? "x" : "y" + std::to_string(i - 1)}, {"y" + std::to_string(i)}, {}, "mine");
  model.output("y49");
  const Network network = model.load();
  const std::byte* data = nullptr;
  for (graph::TensorId id = 0; id < network.graph().tensor_count(); ++id) {
    const graph::ConstantPtr& c = network.graph().tensor(id).constant;
    if (!c) continue;
    if (data != nullptr) EXPECT_EQ(c->data.get(), data);
    data = c->data.get();
  }
  EXPECT_NE(data, nullptr);
}

TEST(Functions, WithAnOutputThatIsAnAbsentInputAreRefusedWhereItIsNeeded) {
  Model model(18);
  model.import("mine", 1);
  onnx::FunctionProto& function = add_function(model, "F", {"a", "b"}, {"r", "b"});
  add_node(function, "Neg", {"a"}, {"r"});
  model.input("x", {1}).node("F", {"x"}, {"y", "z"}, {}, "mine").output("y").output("z");
  EXPECT_NE(error_of(model.bytes()).find("'z'"), std::string::npos);
}

TEST(Branches, GiveSequences) {
  onnx::GraphProto some, none;
  add_node(some, "SequenceConstruct", {"x", "x"}, {"s"});
  add_node(none, "SequenceEmpty", {}, {"s"});
  for (onnx::GraphProto* graph : {&some, &none}) graph->add_output()->set_name("s");
  Model model(17);
  model.input("x", {1}).constant("one", Ints{1}).node("Cast", {"one"}, {"yes"}, {{"to", std::int64_t{9}}});
  model.node("If", {"yes"}, {"s"}, {{"then_branch", some}, {"else_branch", none}});
  model.node("ConcatFromSequence", {"s"}, {"y"}, {{"axis", std::int64_t{0}}}).output("y");
  EXPECT_VALUES(run(model.load(), {{3}}), Values{3, 3});
}

/// x [n, 1, 5] → the branch that `nodes` decide for: Neg or Relu of x.
Values branch_by(const std::vector<std::pair<std::string, std::vector<std::string>>>& nodes,
                 const Dims& dims = {-1, 1, 2}) {
  onnx::GraphProto yes, no;
  add_node(yes, "Neg", {"x"}, {"t"});
  add_node(no, "Relu", {"x"}, {"t"});
  for (onnx::GraphProto* graph : {&yes, &no}) graph->add_output()->set_name("t");
  Model model(13);
  model.input("x", dims)
      .constant("one", Ints{1})
      .constant("two", Ints{2})
      .constant("five", Ints{5})
      .constant("zero", Ints{0});
  std::string last = "x";
  for (const auto& [op, more] : nodes) {
    std::vector<std::string> inputs{last};
    inputs.insert(inputs.end(), more.begin(), more.end());
    model.node(op, inputs, {last + op});
    last += op;
  }
  model.node("If", {last}, {"y"}, {{"then_branch", yes}, {"else_branch", no}}).output("y");
  return run(model.load(), {{-1, 2}}, 1);
}

TEST(Branches, FollowFromTheExtentsThatAreKnown) {
  const Values yes{1, -2}, no{0, 2};
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Gather", {"one"}}, {"Equal", {"one"}}}), yes);
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Gather", {"two"}}, {"Equal", {"one"}}}), no);
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Gather", {"two"}}, {"Equal", {"one"}}, {"Not", {}}}), yes);
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Slice", {"one", "two"}}, {"Squeeze", {}}, {"Less", {"two"}}}), yes);
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Gather", {"two"}}, {"Mul", {"two"}}, {"Greater", {"five"}}}), no);
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Shape", {}}, {"Less", {"five"}}}), yes);
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Size", {}}, {"Equal", {"two"}}}), no);
  EXPECT_VALUES(branch_by({{"Size", {}}, {"Equal", {"two"}}}, {1, 1, 2}), yes);
}

TEST(Branches, ThatDependOnOpenExtentsWaitForThem) {
  const Values yes{1, -2};
  EXPECT_VALUES(branch_by({{"Shape", {}}, {"Gather", {"zero"}}, {"Equal", {"one"}}}), yes);
  EXPECT_VALUES(branch_by({{"Size", {}}, {"Equal", {"two"}}}), yes);
  EXPECT_THROW(branch_by({{"Shape", {}}, {"Gather", {"five"}}, {"Equal", {"one"}}}), Error) << "no such extent";
}

TEST(Branches, WithAnotherNumberOfOutputsAreRefused) {
  onnx::GraphProto branch;
  add_node(branch, "Neg", {"x"}, {"t"});
  branch.add_output()->set_name("t");
  Model model(17);
  model.input("x", {1}).constant("one", Ints{1}).node("Cast", {"one"}, {"yes"}, {{"to", std::int64_t{9}}});
  model.node("If", {"yes"}, {"y", "z"}, {{"then_branch", branch}, {"else_branch", branch}}).output("y").output("z");
  EXPECT_NE(error_of(model.bytes()).find("1 outputs, the node has 2"), std::string::npos);
}

}  // namespace
}  // namespace vireo::import_testing
