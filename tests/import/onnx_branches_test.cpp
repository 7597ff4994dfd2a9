// If whose condition is not known at import: it follows from shapes that are given later, or from the data of each run.
// Every network runs by the references, built, and from a saved plan, to the same values.
#include <cmath>

#include "tests/import/branches.h"
#include "tests/import/built.h"

namespace vireo::import_testing {
namespace {

TEST(OpenBranches, FollowFromShapesThatAreGivenLater) {
  Built built(squeeze_model());
  for (int round = 0; round < 2; ++round) {
    EXPECT_VALUES(built({{1, 1, 2}, {-1, 2}}), Values{0, 2});
    EXPECT_VALUES(built({{1, 3, 2}, {1, -1, 2, -2, 3, -3}}), Values{1, 0, 2, 0, 3, 0});  // 3 can't be squeezed
    EXPECT_VALUES(built({{2, 1, 2}, {1, -1, 2, -2}}), Values{1, 0, 2, 0});
  }
  built.expect_compared({{2, 1, 2}, {1, -1, 2, -2}});
  built.expect_compared({{1, 3, 2}, {1, -1, 2, -2, 3, -3}});
}

TEST(OpenBranches, RunWhateverPassesAreLeftOut) {
  BuildOptions options = quick();
  options.disabled_passes = {"branches"};
  Built built(squeeze_model(), options);
  EXPECT_VALUES(built({{1, 1, 2}, {-1, 2}}), Values{0, 2});
  options.disabled_passes = {"branches", "constant_folding", "shape_values", "identities"};
  Built by_value(squeeze_model(), options);
  EXPECT_VALUES(by_value({{1, 1, 2}, {-1, 2}}), Values{0, 2});
  EXPECT_VALUES(by_value({{1, 2, 2}, {-1, 2, 3, 4}}), Values{0, 2, 3, 4});
}

TEST(OpenBranches, FollowTheDataOfEachRun) {
  Model model(13);
  model.input("x", {2, 2});
  decide_by_data(model).constant("two", {}, Floats{2}).constant("three", {}, Floats{3});
  model.node("If", {"c"}, {"t"}, branches(branch_of("Add", {"x", "two"}), branch_of("Mul", {"x", "three"})));
  model.node("Neg", {"t"}, {"y"}).output("y").output("t");
  Built built(model);
  for (int round = 0; round < 2; ++round) {
    EXPECT_VALUES(built({{2, 2}, {1, 2, 3, 4}}), Values{-3, -4, -5, -6});
    EXPECT_VALUES(built({{2, 2}, {-1, -2, -3, 4}}), Values{3, 6, 9, -12});
  }
  built.expect_compared({{2, 2}, {1, 2, 3, 4}});
  built.expect_compared({{2, 2}, {-1, 2, -3, -4}});
}

TEST(OpenBranches, MayGiveOtherExtentsAndRanksInEachRun) {
  Model model(13);
  model.input("x", {2, 2}).constant("flat", Ints{-1}).constant("zero", Ints{0}).constant("one", Ints{1});
  decide_by_data(model);
  onnx::GraphProto rows;
  add_node(rows, "Slice", {"x", "zero", "one"}, {"t"});
  give(rows, "t");
  model.node("If", {"c"}, {"cut"}, branches(rows, branch_of("Relu", {"x"})));
  model.node("If", {"c"}, {"y"}, branches(branch_of("Reshape", {"cut", "flat"}), branch_of("Neg", {"cut"})));
  model.output("y").output("cut");
  Built built(model);
  EXPECT_VALUES(built({{2, 2}, {1, 2, 3, 4}}), Values{1, 2});
  EXPECT_VALUES(built({{2, 2}, {-1, -2, -3, 4}}), Values{0, 0, 0, -4});
  EXPECT_VALUES(built({{2, 2}, {5, 6, 7, 8}}), Values{5, 6});
}

TEST(OpenBranches, StandInsideEachOther) {
  // above zero: (first extent is 2 ? -x : x + 10), else x
  Model model(13);
  model.input("x", {-1, 2}).constant("ten", {}, Floats{10});
  decide_by_extent(model, 0, 2);
  decide_by_data(model, "x", "above");
  onnx::GraphProto outer;
  add_node(outer, "If", {"c"}, {"in"}, branches(branch_of("Neg", {"x"}), branch_of("Add", {"x", "ten"})));
  add_node(outer, "Abs", {"in"}, {"t"});
  give(outer, "t");
  model.node("If", {"above"}, {"y"}, branches(outer, branch_of("Identity", {"x"}))).output("y");
  Built built(model);
  EXPECT_VALUES(built({{2, 2}, {1, 2, 3, -4}}), Values{1, 2, 3, 4});
  EXPECT_VALUES(built({{1, 2}, {1, 2}}), Values{11, 12});
  EXPECT_VALUES(built({{1, 2}, {-1, -2}}), Values{-1, -2});
  EXPECT_VALUES(built({{2, 2}, {-1, 2, -3, 1}}), Values{-1, 2, -3, 1});
}

TEST(OpenBranches, DecideByWhatABranchBeforeGave) {
  Model model(13);
  model.input("x", {2});
  decide_by_data(model).constant("five", {}, Floats{5});
  model.node("If", {"c"}, {"first"}, branches(branch_of("Neg", {"x"}), branch_of("Add", {"x", "five"})));
  decide_by_data(model, "first", "c2");
  model.node("If", {"c2"}, {"y"}, branches(branch_of("Mul", {"first", "five"}), branch_of("Abs", {"first"})))
      .output("y");
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{1, 2});
  EXPECT_VALUES(built({{2}, {-1, -2}}), Values{20, 15});
  EXPECT_VALUES(built({{2}, {-9, -8}}), Values{4, 3});
}

TEST(OpenBranches, BringTheirWeightsAndReadThoseOutside) {
  Floats inner, outer;
  for (int i = 0; i < 6 * 8; ++i) {
    inner.push_back(static_cast<float>(i % 7) - 3);
    outer.push_back(static_cast<float>(i % 5) - 2);
  }
  onnx::GraphProto own = branch_of("MatMul", {"x", "w"}), both;
  *own.add_initializer() = tensor_of("w", {6, 8}, inner);
  onnx::GraphProto nested = own;  // weights two branches deep
  add_node(both, "If", {"c2"}, {"n"}, branches(nested, branch_of("MatMul", {"x", "outside"})));
  add_node(both, "MatMul", {"x", "outside"}, {"m"});
  add_node(both, "Add", {"n", "m"}, {"t"});
  give(both, "t");
  Model model(13);
  model.input("x", {1, 6}).constant("outside", {6, 8}, outer).constant("one", {}, Floats{1});
  decide_by_data(model);
  model.node("ReduceMax", {"x"}, {"top"}, {{"keepdims", std::int64_t{0}}}).node("Greater", {"top", "one"}, {"c2"});
  model.node("If", {"c"}, {"y"}, branches(both, own)).output("y");
  Built built(model);
  for (const Values& x : {Values{1, 1, 1, 0, 0, 0}, {2, 1, 1, 0, 0, 0}, {-1, -1, 1, 0, 0, 0}, {-5, 2, 1, 0, 0, 0}}) {
    built({{1, 6}, x});
    built.expect_compared({{1, 6}, x});
  }
}

TEST(OpenBranches, GiveWhatTheyReadAndOneThingTwice) {
  onnx::GraphProto plain, made;
  *plain.add_initializer() = tensor_of("k", {2}, Floats{7, 8});
  for (const char* name : {"x", "x", "k"}) give(plain, name);
  add_node(made, "Neg", {"x"}, {"t"});
  for (const char* name : {"t", "t", "x"}) give(made, name);
  Model model(13);
  model.input("x", {2});
  decide_by_data(model).node("If", {"c"}, {"p", "q", "r"}, branches(plain, made));
  model.output("p").output("q").output("r");
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{1, 2});
  EXPECT_VALUES(built({{2}, {-1, -2}}), Values{1, 2});
  EXPECT_VALUES(run(model.load(), {{1, 2}}, 2, 2), Values{7, 8});
  EXPECT_VALUES(run(model.load(), {{-1, -2}}, 2, 2), Values{-1, -2});
  built.expect_compared({{2}, {1, 2}});
}

TEST(OpenBranches, StandInFunctions) {
  Model model(15);
  model.import("mine", 1);
  onnx::FunctionProto& function = *model.proto.add_functions();
  function.set_name("F");
  function.set_domain("mine");
  for (const char* name : {"a", "b"}) function.add_input(name);
  function.add_output("r");
  add_node(function, "If", {"b"}, {"r"}, branches(branch_of("Neg", {"a"}), branch_of("Exp", {"a"})));
  model.input("x", {2});
  decide_by_data(model);
  model.node("F", {"x", "c"}, {"h"}, {}, "mine").node("F", {"h", "c"}, {"y"}, {}, "mine").output("y");
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{1, 2});
  EXPECT_VALUES(built({{2}, {-1, 0}}), Values{std::exp(std::exp(-1.0)), std::exp(1.0)});
}

TEST(OpenBranches, TakeSequencesApart) {
  onnx::GraphProto joined;
  add_node(joined, "ConcatFromSequence", {"list"}, {"t"}, {{"axis", std::int64_t{0}}});
  give(joined, "t");
  Model model(17);
  model.input("x", {2});
  decide_by_data(model).node("Neg", {"x"}, {"n"}).node("SequenceConstruct", {"x", "n"}, {"list"});
  model.node("If", {"c"}, {"y"}, branches(joined, branch_of("Abs", {"x"}))).output("y");
  Built built(model);
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{1, 2, -1, -2});
  EXPECT_VALUES(built({{2}, {-1, -2}}), Values{1, 2});
}

TEST(OpenBranches, ThatCantBeFailOnlyWhereTheyAreTaken) {
  // [3] can't be squeezed, which the file's own extents say already.
  Model model(13);
  model.input("x", {3}).constant("axes", Ints{0});
  decide_by_data(model);
  model.node("If", {"c"}, {"y"}, branches(branch_of("Squeeze", {"x", "axes"}), branch_of("Neg", {"x"}))).output("y");
  EXPECT_VALUES(run(model.load(), {{-1, -2, 0}}), Values{1, 2, 0});
  EXPECT_THROW(run(model.load(), {{1, 2, 0}}), Error);
  Built built(model);
  EXPECT_VALUES(built({{3}, {-1, -2, 0}}), Values{1, 2, 0});

  Model neither(13);
  neither.input("x", {3}).constant("axes", Ints{0});
  const onnx::GraphProto squeeze = branch_of("Squeeze", {"x", "axes"});
  decide_by_data(neither).node("If", {"c"}, {"y"}, branches(squeeze, squeeze)).output("y");
  ErrorCode code{};
  EXPECT_NE(error_of(neither.bytes(), &code).find("neither of its branches"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::invalid_model);
}

TEST(OpenBranches, WithLateLayersAreRight) {
  onnx::GraphProto chosen;
  add_node(chosen, "NonZero", {"x"}, {"at"});
  add_node(chosen, "Cast", {"at"}, {"t"}, {{"to", std::int64_t{1}}});
  give(chosen, "t");
  onnx::GraphProto none;
  *none.add_initializer() = tensor_of("k", {1, 1}, Floats{-1});
  give(none, "k");
  Model model(13);
  model.input("x", {4});
  decide_by_data(model).node("If", {"c"}, {"q"}, branches(chosen, none)).node("Neg", {"q"}, {"y"}).output("y");
  Built built(model);
  EXPECT_VALUES(built({{4}, {0, 5, 0, 6}}), Values{-1, -3});
  EXPECT_VALUES(built({{4}, {0, -5, 0, 0}}), Values{1});
  EXPECT_VALUES(built({{4}, {1, 5, 0, 6}}), Values{0, -1, -3});
}

TEST(OpenBranchRefusals, AreListedWithAllOthers) {
  Model model(13);
  model.input("x", {2});
  decide_by_data(model);
  model.node("If", {"c"}, {"y"}, branches(branch_of("ImageDecoder", {"x"}), branch_of("Frobnicate", {"x"})))
      .output("y");
  model.node("Gradient", {"x"}, {"z"}).output("z");
  ErrorCode code{};
  const std::string message = error_of(model.bytes(), &code);
  for (const char* part : {"3 parts", "ImageDecoder", "Frobnicate", "Gradient"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_EQ(code, ErrorCode::unsupported);
}

TEST(OpenBranchRefusals, ElementTypesMustAgree) {
  onnx::GraphProto whole;
  add_node(whole, "Cast", {"x"}, {"t"}, {{"to", std::int64_t{7}}});
  give(whole, "t");
  Model model(13);
  model.input("x", {2});
  decide_by_data(model).node("If", {"c"}, {"y"}, branches(whole, branch_of("Neg", {"x"}))).output("y");
  ErrorCode code{};
  const std::string message = error_of(model.bytes(), &code);
  EXPECT_NE(message.find("int64 and as float32"), std::string::npos) << message;
  EXPECT_EQ(code, ErrorCode::invalid_model);
}

TEST(OpenBranches, ReadTensorsOfUnknownRank) {
  Model model = squeeze_model();
  decide_by_data(model, "x", "c2");
  model.node("If", {"c2"}, {"z"}, branches(branch_of("Neg", {"q"}), branch_of("Abs", {"q"}))).output("z");
  Built built(model);
  EXPECT_VALUES(built({{1, 1, 2}, {-1, 2}}), Values{0, 2});
  EXPECT_VALUES(built({{1, 2, 2}, {-1, -2, 3, -4}}), Values{0, 0, 3, 0});
}

TEST(OpenBranchRefusals, TooManyInsideEachOther) {
  const auto model_of = [](int depth) {
    onnx::GraphProto graph = branch_of("Neg", {"x"});
    for (int i = 1; i < depth; ++i) {
      onnx::GraphProto outer;
      add_node(outer, "If", {"c"}, {"t"}, branches(graph, branch_of("Abs", {"x"})));
      graph = give(outer, "t");
    }
    Model model(13);
    model.input("x", {2});
    decide_by_data(model).node("If", {"c"}, {"y"}, branches(graph, branch_of("Exp", {"x"}))).output("y");
    return model;
  };
  Built built(model_of(8));
  EXPECT_VALUES(built({{2}, {1, 2}}), Values{-1, -2});
  EXPECT_VALUES(built({{2}, {-1, 0}}), Values{std::exp(-1.0), 1});
  ErrorCode code{};
  EXPECT_NE(error_of(model_of(9).bytes(), &code).find("more than 8 conditions"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::unsupported);
}

TEST(OpenBranchRefusals, AConditionIsOneBoolean) {
  Model many(13);
  many.input("x", {2}).constant("zero", {}, Floats{0}).node("Greater", {"x", "zero"}, {"c"});
  many.node("If", {"c"}, {"y"}, branches(branch_of("Neg", {"x"}), branch_of("Abs", {"x"}))).output("y");
  ErrorCode code{};
  (void)error_of(many.bytes(), &code);
  EXPECT_EQ(code, ErrorCode::invalid_model);
  Model number(13);
  number.input("x", {});
  number.node("If", {"x"}, {"y"}, branches(branch_of("Neg", {"x"}), branch_of("Abs", {"x"}))).output("y");
  EXPECT_NE(error_of(number.bytes(), &code).find("boolean"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::invalid_model);
}

}  // namespace
}  // namespace vireo::import_testing
