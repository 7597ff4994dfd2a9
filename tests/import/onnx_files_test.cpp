// Files: order of nodes, inputs and outputs, names, metadata, external data, and what is refused, with which words.
#include <filesystem>
#include <fstream>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "engine/api/log.h"
#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

namespace fs = std::filesystem;
using Values = std::vector<double>;

TEST(Structure, NodesMayComeInAnyOrder) {
  Model model;
  model.input("x", {3}).node("Neg", {"b"}, {"y"}).node("Exp", {"a"}, {"b"}).node("Relu", {"x"}, {"a"}).output("y");
  EXPECT_VALUES(run(model.load(), {{-1, 0, -3}}), Values{-1, -1, -1});
}

TEST(Structure, CyclesAreRefused) {
  Model model;
  model.input("x", {3}).node("Add", {"x", "b"}, {"a"}).node("Relu", {"a"}, {"b"}).output("b");
  EXPECT_NE(error_of(model.bytes()).find("cycle"), std::string::npos);
}

TEST(Structure, ANameThatNobodyWritesIsRefused) {
  Model model;
  model.input("x", {3}).node("Add", {"x", "ghost"}, {"y"}).output("y");
  ErrorCode code{};
  EXPECT_NE(error_of(model.bytes(), &code).find("'ghost'"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::invalid_model);
}

TEST(Structure, TwoNodesWritingOneNameAreRefused) {
  Model model;
  model.input("x", {3}).node("Relu", {"x"}, {"y"}).node("Exp", {"x"}, {"y"}).output("y");
  EXPECT_NE(error_of(model.bytes()).find("two nodes write 'y'"), std::string::npos);
}

TEST(Structure, NodesThatNoOutputNeedsAreNotEvenLookedAt) {
  Model model;
  model.input("x", {3}).node("NoSuchOperator", {"x"}, {"dead"}).node("Relu", {"x"}, {"y"}).output("y");
  EXPECT_EQ(model.load().graph().layer_count(), 1);
}

TEST(Structure, InputsConstantsAndRepeatedTensorsCanBeOutputs) {
  Model model;
  model.input("x", {2}).constant("c", {2}, Floats{5, 6}).node("Relu", {"x"}, {"r"}).node("Identity", {"r"}, {"again"});
  model.output("x").output("c").output("r").output("again");
  const Network network = model.load();
  for (std::size_t k = 0; k < 4; ++k)
    EXPECT_VALUES(run(network, {{1, -2}}, 2, k), k == 0 ? Values{1, -2} : k == 1 ? Values{5, 6} : Values{1, 0});
  EXPECT_EQ(network.outputs()[3].name, "again");
}

TEST(Structure, AnOutputListedTwiceIsTwoOutputsOfOneName) {
  Model model;
  model.input("x", {2}).constant("c", {2}, Floats{5, 6}).node("Neg", {"x"}, {"y"});
  for (const char* name : {"y", "c", "y", "x", "c", "x", "y"}) model.output(name);
  const Network network = model.load();
  ASSERT_EQ(network.outputs().size(), 7u);
  std::set<graph::TensorId> tensors;
  for (std::size_t k = 0; k < 7; ++k) {
    const std::string name = model.proto.graph().output(static_cast<int>(k)).name();
    EXPECT_EQ(network.outputs()[k].name, name);
    EXPECT_VALUES(run(network, {{1, -2}}, 2, k), name == "y"   ? Values{-1, 2}
                                                 : name == "c" ? Values{5, 6}
                                                               : Values{1, -2});
    tensors.insert(network.graph().outputs()[k].tensor);
  }
  EXPECT_EQ(tensors.size(), 7u) << "each has a tensor of its own";
}

TEST(Structure, AnOutputWithoutAnyNodeIsTheInitializerOrInput) {
  Model model;
  model.input("x", {2}).constant("c", {2}, Floats{5, 6}).output("c").output("x");
  EXPECT_VALUES(run(model.load(), {{1, -2}}), Values{5, 6});
  EXPECT_VALUES(run(model.load(), {{1, -2}}, 2, 1), Values{1, -2});
}

TEST(Structure, OldFilesListInitializersAmongTheInputs) {
  Model model;
  model.proto.set_ir_version(3);
  model.input("x", {2}).input("w", {2}).constant("w", {2}, Floats{3, 4}).node("Mul", {"x", "w"}, {"y"}).output("y");
  const Network network = model.load();
  ASSERT_EQ(network.inputs().size(), 1u);
  EXPECT_VALUES(run(network, {{1, 1}}), Values{3, 4});
}

TEST(Structure, SymbolsAndMetadataAreKept) {
  Model model;
  model.proto.set_producer_name("maker");
  auto* entry = model.proto.add_metadata_props();
  entry->set_key("names");
  entry->set_value("{0: 'cat'}");
  model.input("x", {-1, 3}).node("Relu", {"x"}, {"y"}).output("y");
  const Network network = model.load();
  EXPECT_EQ(network.inputs()[0].dims, (Dims{kUnknown, 3}));
  EXPECT_EQ(network.inputs()[0].symbols[0], "n");
  EXPECT_EQ(network.metadata().at("names"), "{0: 'cat'}");
  EXPECT_EQ(network.metadata().at("onnx.producer_name"), "maker");
}

TEST(Structure, TheLastOperatorsBeforeEachOutputAreNoted) {
  Model model;
  model.constant("w", {2, 2, 1, 1}, Floats{1, 2, 3, 4}).constant("half", {1}, Floats{0.5f});
  model.input("x", {1, 2, 3, 3})
      .node("Relu", {"x"}, {"r"})
      .node("Conv", {"r", "w"}, {"raw"})
      .node("Shape", {"x"}, {"s"})
      .node("Reshape", {"raw", "s"}, {"shaped"})
      .node("Sigmoid", {"shaped"}, {"g"})
      .node("Exp", {"shaped"}, {"e"})
      .node("Mul", {"e", "half"}, {"m"})
      .node("Concat", {"g", "m"}, {"boxes"}, {{"axis", std::int64_t{1}}})
      .output("boxes")
      .output("raw")
      .output("r");
  EXPECT_EQ(model.load().metadata().at("onnx.output_tails"), "Concat Sigmoid Mul Reshape Exp Conv\nConv\nRelu")
      << "not across the convolution, nor into the shape";
}

TEST(Structure, ABiasAddedToAConvolutionIsNoStepOfItsTail) {
  Model model;
  model.constant("w", {2, 2, 1, 1}, Floats{1, 2, 3, 4}).constant("b", {1, 2, 1, 1}, Floats{0.5f, 1});
  model.input("x", {1, 2, 3, 3})
      .node("Conv", {"x", "w"}, {"c"})
      .node("Add", {"c", "b"}, {"raw"})
      .node("Add", {"raw", "raw"}, {"twice"})
      .output("raw")
      .output("twice");
  EXPECT_EQ(model.load().metadata().at("onnx.output_tails"), "Conv\nAdd Conv");
}

TEST(Structure, OpsetsThatAreNewerThanTheNewestKnownOneAreWarnedOf) {
  struct Ears : Logger {
    std::string heard;
    void log(LogLevel, std::string_view message) noexcept override { heard += message; }
  } ears;
  for (const std::int64_t opset : {24, 25, 26}) {
    Model model(opset);
    model.input("x", {3}).node("Swish", {"x"}, {"y"}).output("y");
    Logger* const former = set_logger(&ears);
    (void)model.load();
    set_logger(former);
    EXPECT_EQ(ears.heard.find("newer than 25") != std::string::npos, opset > 25) << ears.heard;
  }
}

TEST(Refusals, AllUnsupportedNodesAreListedAtOnce) {
  Model model;
  model.import("com.example", 1);
  model.input("x", {2, 3})
      .node("Frobnicate", {"x"}, {"a"})
      .node("Relu", {"a"}, {"b"})
      .node("Special", {"b"}, {"c"}, {}, "com.example");
  model.node("ImageDecoder", {"x"}, {"d"}).node("Add", {"c", "d"}, {"y"}).output("y");
  ErrorCode code{};
  const std::string message = error_of(model.bytes(), &code);
  EXPECT_EQ(code, ErrorCode::unsupported);
  for (const char* part :
       {"'a' (Frobnicate, opset 17)", "float32 2x3", "'c' (Special, domain com.example, opset 1)", "(ImageDecoder"})
    EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
}

TEST(Refusals, OutputsThatAreNoTensorsOfOurs) {
  Model complex;
  auto& tensor = *complex.proto.mutable_graph()->add_initializer();
  tensor.set_name("spectrum");
  tensor.set_data_type(onnx::TensorProto::COMPLEX64);
  tensor.add_dims(1);
  tensor.add_float_data(1);
  tensor.add_float_data(0);
  complex.input("x", {2}).node("Relu", {"x"}, {"y"}).output("y").output("spectrum");
  ErrorCode code{};
  EXPECT_NE(error_of(complex.bytes(), &code).find("'spectrum'"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::unsupported);

  Model refused;
  refused.input("x", {2}).node("ImageDecoder", {"x"}, {"y"}).output("y").output("y");
  EXPECT_NE(error_of(refused.bytes(), &code).find("(ImageDecoder"), std::string::npos);
  EXPECT_EQ(code, ErrorCode::unsupported);
}

TEST(Refusals, RecursiveFunctionsAreRefused) {
  Model model(15);
  model.import("mine", 1);
  auto& function = *model.proto.add_functions();
  function.set_name("F");
  function.set_domain("mine");
  function.add_input("a");
  function.add_output("b");
  add_node(function, "F", {"a"}, {"b"}, {}, "mine");
  model.input("x", {2}).node("F", {"x"}, {"y"}, {}, "mine").output("y");
  EXPECT_NE(error_of(model.bytes()).find("recursive"), std::string::npos);
}

TEST(Refusals, ShapesThatDoNotFitNameTheNode) {
  Model model;
  model.input("x", {2, 3}).input("z", {4, 5});
  model.node("MatMul", {"x", "z"}, {"y"}).output("y");
  EXPECT_NE(error_of(model.bytes()).find("MatMul"), std::string::npos);
}

TEST(Refusals, AMissingFileIsNotFound) {
  try {
    (void)import_onnx(fs::path("/no/such/model.onnx"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST(Tensors, SizesThatDoNotMatchTheDimsAreRefused) {
  Model typed;
  typed.input("x", {2}).constant("w", {3}, Floats{1, 2}).node("Mul", {"x", "w"}, {"y"}).output("y");
  EXPECT_NE(error_of(typed.bytes()).find("holds 2 values"), std::string::npos);
  Model raw;
  auto tensor = tensor_of("w", {1LL << 40, 1LL << 40}, Floats{});
  tensor.set_raw_data("abcd");
  *raw.proto.mutable_graph()->add_initializer() = tensor;
  raw.input("x", {2}).node("Mul", {"x", "w"}, {"y"}).output("y");
  EXPECT_NE(error_of(raw.bytes()).find("too many elements"), std::string::npos);
  tensor.set_dims(0, -1);
  *raw.proto.mutable_graph()->mutable_initializer(0) = tensor;
  EXPECT_NE(error_of(raw.bytes()).find("negative"), std::string::npos);
}

/// A folder with data.bin (8 floats), and a model that names some file as external data.
class ExternalData : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vireo_external_" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "models");
    const std::vector<float> values{0, 1, 2, 3, 4, 5, 6, 7};
    for (const fs::path& path : {folder_ / "models/data.bin", folder_ / "secret.bin"})
      std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), 32);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string model(const std::string& location, const std::string& offset,
                                  const std::string& length) const {
    Model model;
    auto& tensor = *model.proto.mutable_graph()->add_initializer();
    tensor.set_name("w");
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_dims(2);
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] :
         {std::pair<std::string, std::string>{"location", location}, {"offset", offset}, {"length", length}}) {
      if (value.empty()) continue;
      auto* entry = tensor.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    model.input("x", {2}).node("Mul", {"x", "w"}, {"y"}).output("y");
    return model.bytes();
  }
  [[nodiscard]] fs::path folder() const { return folder_ / "models"; }
  [[nodiscard]] std::string error(const std::string& location, const std::string& offset = "",
                                  const std::string& length = "") const {
    return error_of(model(location, offset, length), nullptr, folder());
  }
  fs::path folder_;
};

TEST_F(ExternalData, IsReadFromBesideTheModel) {
  EXPECT_VALUES(run(import_bytes(model("data.bin", "12", "8"), folder()), {{1, 1}}), Values{3, 4});
  const fs::path file = folder() / "m.onnx";
  std::ofstream(file, std::ios::binary) << model("data.bin", "", "");
  EXPECT_VALUES(run(import_onnx(file), {{1, 1}}), Values{0, 1});
}

TEST_F(ExternalData, MustLieInsideTheModelsFolder) {
  EXPECT_NE(error("../secret.bin").find("outside"), std::string::npos);
  EXPECT_NE(error((folder_ / "secret.bin").string()).find("outside"), std::string::npos);
  fs::create_symlink(folder_ / "secret.bin", folder() / "link.bin");
  EXPECT_NE(error("link.bin").find("outside"), std::string::npos);
  EXPECT_NE(error_of(model("data.bin", "", "")).find("not read from a folder"), std::string::npos);
}

TEST_F(ExternalData, MustBeAFile) {
  ASSERT_EQ(::mkfifo((folder() / "fifo").c_str(), 0600), 0);
  fs::create_directory(folder() / "inner");
  EXPECT_NE(error("fifo").find("a pipe"), std::string::npos);
  EXPECT_NE(error("inner").find("a folder"), std::string::npos);
}

TEST_F(ExternalData, MustBeThereAndLongEnough) {
  EXPECT_NE(error("missing.bin").find("missing"), std::string::npos);
  EXPECT_NE(error("data.bin", "28").find("32 bytes"), std::string::npos);
  EXPECT_NE(error("data.bin", "18446744073709551612").find("32 bytes"), std::string::npos);
  EXPECT_NE(error("data.bin", "0", "12").find("need 8"), std::string::npos);
  EXPECT_NE(error("data.bin", "abc").find("no number"), std::string::npos);
}

}  // namespace
}  // namespace vireo::import_testing
