// Models that ask for much: import is linear in their nodes, and what can't be had is a clear error.
#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

/// Quadratic work would take minutes where linear work takes a second: the test's time limit tells.
constexpr int kMany = 60'000;

TEST(ManyNodes, InAChain) {
  Model model;
  model.input("x", {2});
  for (int i = 0; i < kMany; ++i)
    model.node(i % 2 ? "Relu" : "Neg", {i == 0 ? "x" : std::to_string(i - 1)}, {std::to_string(i)});
  model.output(std::to_string(kMany - 1));
  EXPECT_EQ(model.load().graph().layer_count(), kMany);
}

TEST(ManyNodes, ThatReadOneTensorAndAreReadByOneLayer) {
  Model model;
  model.input("x", {1});
  std::vector<std::string> names;
  for (int i = 0; i < kMany; ++i) {
    names.push_back("t" + std::to_string(i));
    model.node(i % 2 ? "Relu" : "Shape", {"x"}, {names.back() + "s"})
        .node("Cast", {names.back() + "s"}, {names.back()}, {{"to", std::int64_t{1}}});
  }
  model.node("Concat", names, {"y"}, {{"axis", std::int64_t{0}}}).output("y");
  EXPECT_EQ(model.load().outputs()[0].dims, Dims{kMany});
}

TEST(ManyNodes, OfOneNameAndOfAFunctionThatIsCalledOften) {
  Model model;
  model.import("mine", 1);
  auto& function = *model.proto.add_functions();
  function.set_name("F");
  function.set_domain("mine");
  function.add_input("a");
  function.add_output("c");
  add_node(function, "Neg", {"a"}, {"b"}).set_name("same");
  add_node(function, "Relu", {"b"}, {"c"}).set_name("same");
  model.input("x", {2});
  for (int i = 0; i < kMany / 2; ++i)
    model.node("F", {i == 0 ? "x" : std::to_string(i - 1)}, {std::to_string(i)}, {}, "mine");
  model.output(std::to_string(kMany / 2 - 1));
  EXPECT_EQ(model.load().graph().layer_count(), kMany);
}

TEST(ManyNodes, OfFunctionsThatMultiplyAreRefused) {
  Model model;
  model.import("mine", 1);
  for (int k = 0; k < 40; ++k) {
    auto& function = *model.proto.add_functions();
    function.set_name("F" + std::to_string(k));
    function.set_domain("mine");
    function.add_input("a");
    function.add_output("c");
    const std::string next = k == 39 ? "Neg" : "F" + std::to_string(k + 1);
    add_node(function, next, {"a"}, {"b"}, {}, k == 39 ? "" : "mine");
    add_node(function, next, {"b"}, {"c"}, {}, k == 39 ? "" : "mine");
  }
  model.input("x", {2}).node("F0", {"x"}, {"y"}, {}, "mine").output("y");
  EXPECT_NE(error_of(model.bytes()).find("more than"), std::string::npos);
}

TEST(HugeRequests, OfConstantsAreNotCarriedOutWhileImporting) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  Model model(13);
  model.input("x", {1}).constant("shape", Ints{kHuge}).constant("value", {1}, Floats{1}).constant("index", Ints{0});
  model.constant("pads", Ints{0, kHuge}).constant("zero", Ints{0}).constant("two", {2}, Floats{0, 1});
  model.node("ConstantOfShape", {"shape"}, {"a"}).node("Expand", {"value", "shape"}, {"b"});
  model.node("Tile", {"value", "shape"}, {"c"}).node("Pad", {"value", "pads"}, {"d"});
  model.node("OneHot", {"index", "shape", "two"}, {"e"});
  for (const char* name : {"a", "b", "c", "d", "e"}) model.output(name);
  try {
    EXPECT_EQ(model.load().outputs()[0].dims, Dims{kHuge});
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
  }
}

TEST(HugeRequests, OfSequencesAreRefused) {
  Model model(13);
  model.input("x", {1}).node("SequenceEmpty", {}, {"s0"});
  constexpr int kCount = 11'000;  // of 1 to 11,000 items: 60 million
  for (int i = 0; i < kCount; ++i)
    model.node("SequenceInsert", {"s" + std::to_string(i), "x"}, {"s" + std::to_string(i + 1)});
  model.node("SequenceLength", {"s" + std::to_string(kCount)}, {"y"}).output("y");
  EXPECT_NE(error_of(model.bytes()).find("sequences"), std::string::npos);
}

TEST(HugeRequests, OfProductsAreNotFoldedWhileImporting) {
  Model model(13);
  model.input("x", {1}).constant("a", {1000}, Floats(1000, 1));
  model.node("Einsum", {"a", "a", "a", "a", "a", "a"}, {"s"}, {{"equation", std::string("a,b,c,d,e,f->")}});
  model.node("Add", {"x", "s"}, {"y"}).output("y");
  EXPECT_EQ(model.load().outputs()[0].dims, Dims{1});
}

TEST(Seconds, ThatAreOverEndAnImport) {
  Model model;
  model.input("x", {2});
  for (int i = 0; i < kMany; ++i)
    model.node("Neg", {i == 0 ? "x" : std::to_string(i - 1)}, {std::to_string(i)});
  model.output(std::to_string(kMany - 1));
  const std::string bytes = model.proto.SerializeAsString();
  const std::span<const std::byte> view(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size());
  Limits limits;
  limits.max_seconds = 1e-6;
  try {
    (void)import_onnx(view, {}, limits);
    FAIL() << "it was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
    EXPECT_NE(std::string(error.what()).find("max_seconds"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace vireo::import_testing
