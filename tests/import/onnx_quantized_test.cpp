// Quantised operators and narrow types as the importer translates them: results made by hand.
#include <cmath>

#include "engine/api/tensor_file.h"
#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

using Values = std::vector<double>;
using Type = onnx::TensorProto;
constexpr int kFloat8E4M3Fn = 17, kFloat8E5M2 = 19, kUint4 = 21, kInt4 = 22;  // younger than some headers

/// An initializer of any type whose values stand in int32_data.
void integers(Model& model, const std::string& name, int type, const Dims& dims, const Ints& values) {
  onnx::TensorProto& tensor = *model.proto.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t extent : dims) tensor.add_dims(extent);
  for (const std::int64_t value : values) tensor.add_int32_data(static_cast<std::int32_t>(value));
}

void scalar(Model& model, const std::string& name, float value) { model.constant(name, {}, Floats{value}); }

/// Output k of a model without inputs.
Values result(const Model& model, std::size_t k = 0) { return run(model.load(), {}, 2, k); }

constexpr const char* kMicrosoft = "com.microsoft";

TEST(Quantised, ConvolutionSumsIntegersAndRoundsTiesToEven) {
  Model m;
  integers(m, "x", Type::UINT8, {1, 1, 2, 2}, {10, 12, 14, 17});
  integers(m, "xz", Type::UINT8, {}, {10});
  integers(m, "w", Type::INT8, {2, 1, 1, 1}, {1, -3});
  integers(m, "wz", Type::INT8, {2}, {0, 0});
  integers(m, "yz", Type::UINT8, {}, {100});
  integers(m, "b", Type::INT32, {2}, {1, 0});
  scalar(m, "xs", 0.5f);
  m.constant("ws", {2}, Floats{1, 2});
  scalar(m, "ys", 1.0f);
  m.node("QLinearConv", {"x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"}, {"y"}).output("y");
  // Filter 0: ((0, 2, 4, 7) + 1) * 0.5 = 0.5, 1.5, 2.5, 4; filter 1: (0, -6, -12, -21) * 1
  EXPECT_VALUES(result(m), Values{100, 102, 102, 104, 100, 94, 88, 79});
}

TEST(Quantised, ProductsTakeAnyMixtureOfSigns) {
  for (const bool a_signed : {false, true})
    for (const bool b_signed : {false, true}) {
      Model m;
      const int a_type = a_signed ? Type::INT8 : Type::UINT8, b_type = b_signed ? Type::INT8 : Type::UINT8;
      integers(m, "a", a_type, {2, 2}, {1, 2, 3, 100});
      integers(m, "b", b_type, {2, 2}, {5, 6, 7, 8});
      integers(m, "az", a_type, {2}, {1, 2});
      integers(m, "bz", b_type, {2}, {1, 2});
      m.node("MatMulInteger", {"a", "b", "az", "bz"}, {"y"}).output("y");
      EXPECT_VALUES(result(m), Values{6, 6, 4 + 588, 4 + 588});
    }
}

TEST(Quantised, MatMulIsScaledByTheProductOfTheScales) {
  Model m;
  integers(m, "a", Type::UINT8, {1, 2}, {130, 126});
  integers(m, "az", Type::UINT8, {}, {128});
  integers(m, "b", Type::INT8, {2, 2}, {10, 3, -10, 4});
  integers(m, "bz", Type::INT8, {}, {0});
  integers(m, "yz", Type::INT8, {}, {-5});
  scalar(m, "as", 0.5f);
  m.constant("bs", {2}, Floats{0.25f, 0.5f});
  scalar(m, "ys", 0.5f);
  m.node("QLinearMatMul", {"a", "as", "az", "b", "bs", "bz", "ys", "yz"}, {"y"}).output("y");
  EXPECT_VALUES(result(m), Values{40 * 0.25 - 5, -2 * 0.5 - 5});
}

TEST(Quantised, DynamicQuantisationCoversTheRangeWithZeroInIt) {
  Model m;
  m.constant("x", {4}, Floats{0, 1, 2, 5.1f}).node("DynamicQuantizeLinear", {"x"}, {"y", "s", "z"});
  m.output("y").output("s").output("z");
  EXPECT_VALUES(result(m, 0), Values{0, 50, 100, 255});
  EXPECT_VALUES(result(m, 1), Values{5.1 / 255});
  EXPECT_VALUES(result(m, 2), Values{0});
}

TEST(Quantised, GemmHasItsBiasInSumsAndMayGiveNumbers) {
  for (const bool whole : {false, true}) {
    Model m;
    m.import(kMicrosoft, 1);
    integers(m, "a", Type::UINT8, {2, 1}, {3, 4});  // transposed
    integers(m, "z", Type::UINT8, {}, {1});
    integers(m, "b", Type::INT8, {1, 2}, {5, -6});  // transposed
    integers(m, "bz", Type::INT8, {}, {0});
    integers(m, "c", Type::INT32, {1}, {10});
    scalar(m, "as", 0.5f);
    scalar(m, "bs", 0.5f);
    scalar(m, "ys", 0.25f);
    std::vector<std::string> inputs{"a", "as", "z", "b", "bs", "bz", "c"};
    if (whole) inputs.insert(inputs.end(), {"ys", "z"});
    m.node("QGemm", inputs, {"y"}, {{"transA", std::int64_t{1}}, {"transB", std::int64_t{1}}, {"alpha", 2.0f}},
           kMicrosoft);
    m.output("y");
    EXPECT_VALUES(result(m), Values{whole ? 5.0 : 1.0});  // (10 - 18 + 10) * 0.5 = 1, over 0.25: 4, and 1
  }
}

TEST(Quantised, LstmQuantisesItsStatesAtEachStep) {
  Model m;
  m.import(kMicrosoft, 1);
  // One unit, one input, two steps; the recurrence feeds the cell's input alone, with the weight 1.
  m.constant("x", {2, 1, 1}, Floats{1, 1});
  integers(m, "w", Type::INT8, {1, 1, 4}, {0, 0, 0, 100});
  integers(m, "r", Type::INT8, {1, 1, 4}, {0, 0, 0, 100});
  integers(m, "z", Type::INT8, {1}, {0});
  m.constant("s", {1}, Floats{0.01f});
  m.node("DynamicQuantizeLSTM", {"x", "w", "r", "", "", "", "", "", "s", "z", "s", "z"}, {"y", "h", "c"},
         {{"hidden_size", std::int64_t{1}}}, kMicrosoft);
  m.output("y").output("c");
  const double c1 = 0.5 * std::tanh(1), h1 = 0.5 * std::tanh(c1), c2 = 0.5 * c1 + 0.5 * std::tanh(1 + h1);
  EXPECT_VALUES(result(m), Values{h1, 0.5 * std::tanh(c2)});
  EXPECT_VALUES(result(m, 1), Values{c2});
}

TEST(Quantised, ScaleOfOneElementBesideAScalarZeroPointIsTaken) {
  Model m;
  integers(m, "x", Type::INT32, {3}, {2, 4, -6});
  m.constant("s", {1}, Floats{0.5f});
  integers(m, "z", Type::INT32, {}, {0});
  m.node("DequantizeLinear", {"x", "s", "z"}, {"y"}).output("y");
  EXPECT_VALUES(result(m), Values{1, 2, -3});
}

TEST(Quantised, WeightsOfFewBitsBecomeNumbers) {
  Model m;
  m.import(kMicrosoft, 1);
  m.constant("a", {1, 32}, Floats(32, 1));
  Ints bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(i < 16 ? 0xa9 : 0x79);  // 9, 10, …; 9, 7, …
  integers(m, "b", Type::UINT8, {2, 1, 16}, bytes);
  m.constant("s", {2}, Floats{0.5f, 2});
  m.node("MatMulNBits", {"a", "b", "s"}, {"y"},
         {{"K", std::int64_t{32}}, {"N", std::int64_t{2}}, {"bits", std::int64_t{4}}, {"block_size", std::int64_t{32}}},
         kMicrosoft);
  m.output("y");
  EXPECT_VALUES(result(m), Values{16 * 3 * 0.5, 0});
}

TEST(Quantised, WeightsOfFewBitsHaveZeroPointsAndGroups) {
  Model m;
  m.import(kMicrosoft, 1);
  m.constant("a", {1, 20}, Floats(20, 1));
  integers(m, "b", Type::UINT8, {1, 2, 4}, Ints(8, 0xe4));  // 0, 1, 2, 3 in each byte
  m.constant("s", {1, 2}, Floats{1, 10});
  integers(m, "z", Type::UINT8, {1, 1}, {0x09});  // 1, 2
  const std::vector<Attribute> attributes{
      {"K", std::int64_t{20}}, {"N", std::int64_t{1}}, {"bits", std::int64_t{2}}, {"block_size", std::int64_t{16}}};
  m.node("MatMulNBits", {"a", "b", "s", "z"}, {"y"}, attributes, kMicrosoft).output("y");
  EXPECT_VALUES(result(m), Values{4 * (6 - 4) * 1 + (6 - 8) * 10});
  Ints groups(20, 0);
  groups[0] = 1;
  integers(m, "g", Type::INT32, {20}, groups);
  m.node("MatMulNBits", {"a", "b", "s", "z", "g"}, {"grouped"}, attributes, kMicrosoft).output("grouped");
  EXPECT_VALUES(result(m, 1), Values{5 * (6 - 4) + 1 + (0 - 2) * 10});
}

TEST(NarrowTypes, MoveThroughTheOperatorsThatComputeNothing) {
  Model m(21);
  integers(m, "x", kInt4, {2, 3}, {0x21, 0xf3, 0x87});  // 1, 2, 3, -1, 7, -8
  m.constant("i", Ints{1});
  m.node("Transpose", {"x"}, {"t"}).node("Concat", {"t", "t"}, {"c"}, {{"axis", std::int64_t{1}}});
  m.node("Gather", {"c", "i"}, {"g"}).node("Cast", {"g"}, {"y"}, {{"to", std::int64_t{1}}}).output("y");
  EXPECT_VALUES(result(m), Values{2, 7, 2, 7});
}

TEST(NarrowTypes, CastsSaturateAsTheyAreTold) {
  for (const bool saturates : {true, false}) {
    Model m(19);
    m.constant("x", {2}, Floats{1e6f, 3});
    m.node("Cast", {"x"}, {"n"}, {{"to", std::int64_t{kFloat8E5M2}}, {"saturate", std::int64_t{saturates ? 1 : 0}}});
    m.node("Cast", {"n"}, {"y"}, {{"to", std::int64_t{1}}}).output("y");
    const Values found = result(m);
    EXPECT_EQ(found[1], 3);
    if (saturates) EXPECT_EQ(found[0], 57344);
    else EXPECT_TRUE(std::isinf(found[0]));
  }
}

TEST(NarrowTypes, ArithmeticOnThemIsRefusedByName) {
  Model m(21);
  m.input("x", {3}, kInt4).node("Add", {"x", "x"}, {"y"}).output("y");
  EXPECT_NE(error_of(m.bytes()).find("int4"), std::string::npos);
  Model n(21);
  n.input("x", {3}, kFloat8E4M3Fn).node("ReduceSum", {"x"}, {"y"}).output("y");
  EXPECT_NE(error_of(n.bytes()).find("float8e4m3fn"), std::string::npos);
}

TEST(NarrowTypes, TensorFilesHoldThemPacked) {
  const auto path = std::filesystem::temp_directory_path() / "vireo_narrow_test.pb";
  const HostTensor tensor{"t", DataType::int4, {3}, {std::byte{1}, std::byte{0xf8}, std::byte{7}}};
  write_tensor(path, tensor);
  const HostTensor back = read_tensor(path);
  EXPECT_EQ(back.dtype, tensor.dtype);
  EXPECT_EQ(back.dims, tensor.dims);
  EXPECT_EQ(back.data, tensor.data);
  std::filesystem::remove(path);
}

TEST(NarrowTypes, PackedValuesMustBeAsManyAsTheDimsNeed) {
  Model m(21);
  integers(m, "x", kUint4, {3}, {0x21});
  m.node("Cast", {"x"}, {"y"}, {{"to", std::int64_t{1}}}).output("y");
  EXPECT_NE(error_of(m.bytes()).find("its dims need 2"), std::string::npos);
}

}  // namespace
}  // namespace vireo::import_testing
