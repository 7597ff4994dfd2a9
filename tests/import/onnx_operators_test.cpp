// How the importer translates old and specialised forms of ONNX operators.
#include <functional>

#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

using Values = std::vector<double>;

/// One node on x [2,3] with the values 0 1 2 / 3 4 5.
Values small(std::int64_t opset, const std::string& op, const std::vector<Attribute>& attributes,
             const std::vector<std::string>& more = {}, const std::function<void(Model&)>& prepare = {},
             const std::string& domain = "") {
  Model model(opset);
  if (!domain.empty()) model.import(domain, 1);
  model.input("x", {2, 3}).output("y");
  if (prepare) prepare(model);
  std::vector<std::string> inputs{"x"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  model.node(op, inputs, {"y"}, attributes, domain);
  return run(model.load(), {ramp(6)});
}

TEST(Elementwise, OldBroadcastingStartsAtTheGivenAxis) {
  const auto two = [](Model& m) { m.constant("b", {2}, Floats{10, 20}); };
  EXPECT_VALUES(small(6, "Add", {{"broadcast", std::int64_t{1}}, {"axis", std::int64_t{0}}}, {"b"}, two),
                Values{10, 11, 12, 23, 24, 25});
}

TEST(Elementwise, ClipTakesItsBoundsFromAttributesOrInputs) {
  EXPECT_VALUES(small(6, "Clip", {{"min", 1.0f}, {"max", 4.0f}}), Values{1, 1, 2, 3, 4, 4});
  EXPECT_VALUES(small(6, "Clip", {{"min", 1.0f}}), Values{1, 1, 2, 3, 4, 5});
  const auto bounds = [](Model& m) { m.constant("high", {}, Floats{3.5f}); };
  EXPECT_VALUES(small(13, "Clip", {}, {"", "high"}, bounds), Values{0, 1, 2, 3, 3.5, 3.5});
}

TEST(Elementwise, VariadicOperatorsBecomeChains) {
  const auto more = [](Model& m) { m.constant("a", {3}, Floats{5, 0, 1}).constant("b", {1}, Floats{2}); };
  EXPECT_VALUES(small(13, "Max", {}, {"a", "b"}, more), Values{5, 2, 2, 5, 4, 5});
  EXPECT_VALUES(small(13, "Mean", {}, {"a", "b"}, more), Values{7 / 3.0, 1, 5 / 3.0, 10 / 3.0, 2, 8 / 3.0});
}

TEST(Elementwise, NoiseLeavesNoLayers) {
  Model model;
  model.input("x", {2, 3}).output("y");
  model.node("Identity", {"x"}, {"a"})
      .node("Dropout", {"a"}, {"b", "mask"})
      .node("Cast", {"b"}, {"c"}, {{"to", std::int64_t{1}}});
  model.node("Relu", {"c"}, {"y"});
  const Network network = model.load();
  EXPECT_EQ(network.graph().layer_count(), 1);
}

TEST(Elementwise, PreluSlopesPerChannelMayBeAVector) {
  Model model(6);
  model.input("x", {1, 2, 1, 2}).constant("s", {2}, Floats{0.5f, 0.25f}).node("PRelu", {"x", "s"}, {"y"}).output("y");
  EXPECT_VALUES(run(model.load(), {{-4, 1, -4, 2}}), Values{-2, 1, -1, 2});
}

TEST(Elementwise, PowWithAnIntegerExponentKeepsTheBasesType) {
  const auto two = [](Model& m) { m.constant("e", Ints{2}); };
  EXPECT_VALUES(small(13, "Pow", {}, {"e"}, two), Values{0, 1, 4, 9, 16, 25});
}

TEST(Shapes, AxesComeAsAttributeOrInput) {
  for (const std::int64_t opset : {11, 13}) {
    Model model(opset);
    model.input("x", {2, 3}).output("y");
    if (opset < 13) {
      model.node("Unsqueeze", {"x"}, {"a"}, {{"axes", Ints{0, 3}}}).node("Squeeze", {"a"}, {"y"}, {{"axes", Ints{0}}});
    } else {
      model.constant("u", Ints{0, -1})
          .constant("s", Ints{0})
          .node("Unsqueeze", {"x", "u"}, {"a"})
          .node("Squeeze", {"a", "s"}, {"y"});
    }
    Dims dims;
    EXPECT_VALUES(run(model.load(), {ramp(6)}, 2, 0, &dims), ramp(6));
    EXPECT_EQ(dims, (Dims{2, 3, 1}));
  }
}

TEST(Shapes, ReshapeTakesItsShapeFromAttributeOrInput) {
  Model old(4);
  old.input("x", {2, 3}).node("Reshape", {"x"}, {"y"}, {{"shape", Ints{0, 1, -1}}}).output("y");
  Dims dims;
  run(old.load(), {ramp(6)}, 2, 0, &dims);
  EXPECT_EQ(dims, (Dims{2, 1, 3}));
}

TEST(Shapes, SliceTakesAttributesOrInputs) {
  EXPECT_VALUES(small(9, "Slice", {{"starts", Ints{1}}, {"ends", Ints{1000}}, {"axes", Ints{1}}}), Values{1, 2, 4, 5});
  EXPECT_VALUES(small(9, "Slice", {{"starts", Ints{1, 0}}, {"ends", Ints{2, -1}}}), Values{3, 4});
  const auto inputs = [](Model& m) {
    m.constant("s", Ints{-1}).constant("e", Ints{-100}).constant("a", Ints{1}).constant("p", Ints{-2});
  };
  EXPECT_VALUES(small(13, "Slice", {}, {"s", "e", "a", "p"}, inputs), Values{2, 0, 5, 3});
}

TEST(Shapes, PadTakesAttributesOrInputs) {
  EXPECT_VALUES(small(2, "Pad", {{"pads", Ints{0, 1, 0, 0}}, {"value", 9.0f}}), Values{9, 0, 1, 2, 9, 3, 4, 5});
  const auto inputs = [](Model& m) {
    m.constant("p", Ints{1, 0}).constant("v", {}, Floats{7}).constant("a", Ints{-1});
  };
  EXPECT_VALUES(small(18, "Pad", {}, {"p", "v", "a"}, inputs), Values{7, 0, 1, 2, 7, 3, 4, 5});
}

TEST(Shapes, SplitKnowsItsSizesInEveryForm) {
  for (const std::int64_t opset : {2, 13, 18}) {
    Model model(opset);
    model.input("x", {2, 3}).output("a").output("b");
    if (opset == 2) model.node("Split", {"x"}, {"a", "b"}, {{"axis", std::int64_t{1}}, {"split", Ints{2, 1}}});
    if (opset == 13)
      model.constant("s", Ints{2, 1}).node("Split", {"x", "s"}, {"a", "b"}, {{"axis", std::int64_t{-1}}});
    if (opset == 18)
      model.node("Split", {"x"}, {"a", "b"}, {{"axis", std::int64_t{1}}, {"num_outputs", std::int64_t{2}}});
    EXPECT_VALUES(run(model.load(), {ramp(6)}, 2, 1), Values{2, 5});
  }
}

TEST(Shapes, SequencesOfKnownLengthBecomePlainTensors) {
  Model model(20);
  model.input("x", {2, 3}).constant("s", Ints{1, 2}).output("y");
  *model.proto.mutable_graph()->add_initializer() = tensor_of("i", {}, Ints{-1});
  model.node("SplitToSequence", {"x", "s"}, {"q"}, {{"axis", std::int64_t{1}}}).node("SequenceAt", {"q", "i"}, {"y"});
  EXPECT_VALUES(run(model.load(), {ramp(6)}), Values{1, 2, 4, 5});
}

TEST(Reductions, AxesComeAsAttributeOrInput) {
  EXPECT_VALUES(small(11, "ReduceSum", {{"axes", Ints{1}}, {"keepdims", std::int64_t{0}}}), Values{3, 12});
  const auto axes = [](Model& m) { m.constant("a", Ints{0}); };
  EXPECT_VALUES(small(13, "ReduceSum", {{"keepdims", std::int64_t{0}}}, {"a"}, axes), Values{3, 5, 7});
  EXPECT_VALUES(small(18, "ReduceMax", {}, {"a"}, axes), Values{3, 4, 5});
  EXPECT_VALUES(small(13, "ReduceMean", {}), Values{2.5});
}

TEST(Reductions, OldTopKHasItsCountAsAttribute) {
  Model model(9);
  model.input("x", {2, 3}).node("TopK", {"x"}, {"y", "i"}, {{"k", std::int64_t{2}}}).output("y").output("i");
  EXPECT_VALUES(run(model.load(), {ramp(6)}), Values{2, 1, 5, 4});
  EXPECT_VALUES(run(model.load(), {ramp(6)}, 2, 1), Values{2, 1, 2, 1});
}

TEST(Softmax, BeforeOpset13AllLaterAxesAreOne) {
  for (const std::int64_t opset : {11, 13}) {
    Model model(opset);
    model.input("x", {1, 2, 2}).node("Softmax", {"x"}, {"y"}, {{"axis", std::int64_t{1}}}).output("y");
    const Values y = run(model.load(), {{0, 0, 0, 0}});
    EXPECT_VALUES(y, opset == 11 ? Values(4, 0.25) : Values(4, 0.5));
  }
}

TEST(Softmax, OverTheLastAxisIsOneLayerInEveryOpset) {
  Model model(11);
  model.input("x", {-1, 4}).node("Softmax", {"x"}, {"y"}).output("y");
  EXPECT_EQ(model.load().graph().layer_count(), 1);
}

TEST(Resizing, UpsampleOfEveryOpsetRepeatsPixels) {
  const Values expected{1, 1, 2, 2, 1, 1, 2, 2};
  for (const std::int64_t opset : {7, 9, 10}) {
    Model model(opset);
    model.input("x", {1, 1, 1, 2}).output("y");
    if (opset == 7) {
      model.node("Upsample", {"x"}, {"y"}, {{"scales", Floats{1, 1, 2, 2}}});
    } else {
      model.constant("s", {4}, Floats{1, 1, 2, 2}).node(opset == 9 ? "Upsample" : "Resize", {"x", "s"}, {"y"});
    }
    EXPECT_VALUES(run(model.load(), {{1, 2}}), expected);
  }
}

TEST(Resizing, EmptyRoiAndScalesAreAbsent) {
  Model model(11);
  model.input("x", {1, 1, 1, 2}).constant("none", {0}, Floats{}).constant("sizes", Ints{1, 1, 2, 4});
  model.node("Resize", {"x", "none", "none", "sizes"}, {"y"},
             {{"coordinate_transformation_mode", std::string("asymmetric")}, {"nearest_mode", std::string("floor")}});
  model.output("y");
  EXPECT_VALUES(run(model.load(), {{1, 2}}), Values{1, 1, 2, 2, 1, 1, 2, 2});
}

TEST(Normalisation, GroupsOfOpset18HaveOneScalePerGroup) {
  const Floats scale{2, 3};
  Values results[2];
  for (const int newer : {0, 1}) {
    Model model(newer != 0 ? 21 : 18);
    model.input("x", {1, 4, 1, 2});
    if (newer != 0) model.constant("s", {4}, Floats{2, 2, 3, 3}).constant("b", {4}, Floats{0, 0, 1, 1});
    else model.constant("s", {2}, scale).constant("b", {2}, Floats{0, 1});
    model.node("GroupNormalization", {"x", "s", "b"}, {"y"}, {{"num_groups", std::int64_t{2}}}).output("y");
    results[newer] = run(model.load(), {ramp(8)});
  }
  EXPECT_VALUES(results[0], results[1]);
}

TEST(Normalisation, GlobalPoolingIsAReductionOverThePlane) {
  Model model(13);
  model.input("x", {1, 2, 2, 2}).node("GlobalAveragePool", {"x"}, {"y"}).output("y");
  Dims dims;
  EXPECT_VALUES(run(model.load(), {ramp(8)}, 2, 0, &dims), Values{1.5, 5.5});
  EXPECT_EQ(dims, (Dims{1, 2, 1, 1}));
}

TEST(Constants, AllFormsAreRead) {
  Model model(13);
  model.input("x", {2, 3}).output("y");
  model.node("Constant", {}, {"a"}, {{"value_float", 2.0f}})
      .node("Constant", {}, {"b"}, {{"value_floats", Floats{1, 2, 3}}});
  model.node("Constant", {}, {"c"}, {{"value_ints", Ints{3, 2}}})
      .node("Constant", {}, {"d"}, {{"value", tensor_of("t", {1}, Floats{10})}});
  model.node("Mul", {"x", "a"}, {"p"})
      .node("Add", {"p", "b"}, {"q"})
      .node("Reshape", {"q", "c"}, {"r"})
      .node("Add", {"r", "d"}, {"y"});
  EXPECT_VALUES(run(model.load(), {ramp(6)}), Values{11, 14, 17, 17, 20, 23});
}

TEST(Constants, ConstantOfShapeDefaultsToFloatZeros) {
  Model model(13);
  model.input("x", {2, 3})
      .constant("s", Ints{2, 1})
      .node("ConstantOfShape", {"s"}, {"z"})
      .node("Add", {"x", "z"}, {"y"})
      .output("y");
  EXPECT_VALUES(run(model.load(), {ramp(6)}), ramp(6));
}

TEST(Branches, AnIfWithAKnownConditionIsItsBranch) {
  onnx::GraphProto then_branch, else_branch;
  add_node(then_branch, "Mul", {"x", "k"}, {"t"});
  then_branch.add_output()->set_name("t");
  *else_branch.add_initializer() = tensor_of("three", {}, Floats{3});
  add_node(else_branch, "Add", {"x", "three"}, {"e"});
  else_branch.add_output()->set_name("e");
  Model model(13);
  // The condition is computed from a shape that is known: still a constant.
  model.input("x", {2, 3}).constant("k", {}, Floats{10}).constant("zero", Ints{0}).constant("two", Ints{2}).output("y");
  model.node("Shape", {"x"}, {"s"})
      .node("Gather", {"s", "zero"}, {"n"})
      .node("Equal", {"n", "two"}, {"is_two"})
      .node("Squeeze", {"is_two"}, {"c"});
  model.node("If", {"c"}, {"y"}, {{"then_branch", then_branch}, {"else_branch", else_branch}});
  EXPECT_VALUES(run(model.load(), {ramp(6)}), Values{0, 10, 20, 30, 40, 50});
}

TEST(Functions, LocalFunctionsAreInlinedWithTheirAttributes) {
  Model model(15);
  model.import("mine", 1);
  auto& function = *model.proto.add_functions();
  function.set_name("Leak");
  function.set_domain("mine");
  function.add_input("a");
  function.add_output("b");
  function.add_attribute("slope");
  auto* opset = function.add_opset_import();
  opset->set_version(15);
  auto& node = add_node(function, "LeakyRelu", {"a"}, {"b"});
  auto* reference = node.add_attribute();
  reference->set_name("alpha");
  reference->set_type(onnx::AttributeProto::FLOAT);
  reference->set_ref_attr_name("slope");
  model.input("x", {2})
      .node("Leak", {"x"}, {"m"}, {{"slope", 0.5f}}, "mine")
      .node("Leak", {"m"}, {"y"}, {{"slope", 0.1f}}, "mine")
      .output("y");
  EXPECT_VALUES(run(model.load(), {{-2, 3}}), Values{-0.1, 3});
}

TEST(Microsoft, FusedConvolutionsAreTakenApart) {
  Model model(13);
  model.import("com.microsoft", 1);
  model.input("x", {1, 1, 1, 2})
      .input("z", {1, 1, 1, 2})
      .constant("w", {1, 1, 1, 1}, Floats{2})
      .constant("b", {1}, Floats{-3})
      .output("y");
  model.node("FusedConv", {"x", "w", "b", "z"}, {"y"}, {{"activation", std::string("Relu")}}, "com.microsoft");
  EXPECT_VALUES(run(model.load(), {{1, 2}, {0, 5}}), Values{0, 6});
}

TEST(Experimental, ImageScalerCropAndAffineAreWrittenAsPlainLayers) {
  Model model(7);
  model.input("x", {1, 2, 3, 3}).output("y");
  model.node("ImageScaler", {"x"}, {"a"}, {{"scale", 2.0f}, {"bias", Floats{1, -1}}})
      .node("Crop", {"a"}, {"b"}, {{"border", Ints{1, 0, 1, 2}}});
  model.node("Affine", {"b"}, {"y"}, {{"alpha", 10.0f}, {"beta", 0.5f}});
  EXPECT_VALUES(run(model.load(), {ramp(18)}), Values{30.5, 190.5});
}

}  // namespace
}  // namespace vireo::import_testing
