// Truncated and altered files: an error or a sound network, never a crash, a hang or a huge allocation.
#include <random>

#include "engine/passes/passes.h"
#include "tests/import/model.h"

namespace vireo::import_testing {
namespace {

/// A model that touches many handlers: old and new forms, subgraphs, functions, sequences.
std::string varied_model() {
  Model model(13);
  model.import("com.microsoft", 1).import("mine", 1);
  Floats weights;
  for (int i = 0; i < 4 * 3 * 3 * 3; ++i) weights.push_back(0.01f * static_cast<float>(i % 17));
  model.input("x", {-1, 3, 8, 8}).constant("w", {4, 3, 3, 3}, weights).constant("b", {4}, Floats{1, 2, 3, 4});
  model.constant("shape", Ints{0, 4, -1})
      .constant("axes", Ints{1})
      .constant("scales", {4}, Floats{1, 1, 2, 2})
      .constant("pads", Ints{0, 0, 1, 1, 0, 0, 1, 1});
  model.constant("s", Ints{0})
      .constant("e", Ints{2})
      .constant("v", {4}, Floats{1, 1, 2, 2})
      .constant("sizes", Ints{2, 2});
  model.node("Conv", {"x", "w", "b"}, {"c"},
             {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{1, 1}}, {"kernel_shape", Ints{3, 3}}});
  model.node("BatchNormalization", {"c", "b", "b", "b", "v"}, {"n"}, {{"epsilon", 0.1f}}).node("Relu", {"n"}, {"r"});
  model.node("MaxPool", {"r"}, {"p"}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}})
      .node("Pad", {"p", "pads"}, {"pd"});
  model.node("Resize", {"pd", "", "scales"}, {"z"}, {{"mode", std::string("linear")}})
      .node("Slice", {"z", "s", "e", "axes"}, {"sl"});
  model.node("Split", {"z", "sizes"}, {"h1", "h2"}, {{"axis", std::int64_t{1}}})
      .node("Concat", {"sl", "h2"}, {"cc"}, {{"axis", std::int64_t{1}}});
  model.node("Reshape", {"cc", "shape"}, {"re"})
      .node("Transpose", {"re"}, {"t"}, {{"perm", Ints{0, 2, 1}}})
      .node("Softmax", {"t"}, {"sm"});
  model.node("ReduceMean", {"sm"}, {"m"}, {{"axes", Ints{1}}})
      .node("Squeeze", {"m", "axes"}, {"q"})
      .node("Shape", {"x"}, {"sh"});
  model.node("Gather", {"sh", "s"}, {"ga"})
      .node("Cast", {"ga"}, {"gf"}, {{"to", std::int64_t{1}}})
      .node("Mul", {"q", "gf"}, {"y"});
  model.node("Gelu", {"q"}, {"y2"}, {}, "com.microsoft").output("y").output("y2");
  return model.bytes();
}

/// Loading either works, and then the passes do too, or throws Error.
void try_loading(const std::string& bytes) {
  try {
    Network network = import_bytes(bytes);
    passes::run_passes(network.graph());
  } catch (const Error&) {
  }
}

TEST(Damage, TheModelItselfIsSound) {
  Network network = import_bytes(varied_model());
  passes::run_passes(network.graph());
  EXPECT_EQ(network.outputs().size(), 2u);
}

TEST(Damage, TruncationAtEveryLengthIsAnError) {
  const std::string bytes = varied_model();
  for (std::size_t length = 0; length < bytes.size(); length += length < 400 ? 1 : 7)
    try_loading(bytes.substr(0, length));
  EXPECT_NE(error_of(bytes.substr(0, bytes.size() / 2)).find("truncated"), std::string::npos);
  EXPECT_NE(error_of("").find("empty"), std::string::npos);
}

TEST(Damage, FlippedBytesDoNoHarm) {
  const std::string bytes = varied_model();
  const std::uint32_t seed = 20260101;
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    std::string damaged = bytes;
    const int flips = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < flips; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    try_loading(damaged);
  }
}

TEST(Damage, RandomBytesAreRefused) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random() % 500, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    try_loading(bytes);
  }
}

TEST(Damage, ImpossibleAttributesAreRefusedWithoutAllocating) {
  for (const auto& [op, attribute] :
       {std::pair<std::string, Attribute>{"Split", {"num_outputs", std::int64_t{1} << 60}},
        {"Transpose", {"perm", Ints{5, 1LL << 40}}},
        {"Flatten", {"axis", std::int64_t{1} << 62}},
        {"Softmax", {"axis", std::int64_t{-9}}},
        {"DepthToSpace", {"blocksize", std::int64_t{1} << 40}},
        {"LRN", {"size", std::int64_t{-3}}},
        {"MaxPool", {"kernel_shape", Ints{1LL << 62, 1LL << 62}}},
        {"Concat", {"axis", std::int64_t{1} << 40}},
        {"ReduceMean", {"axes", Ints{-100}}},
        {"Squeeze", {"axes", Ints{77}}}}) {
    SCOPED_TRACE(op);
    Model model(12);
    model.input("x", {1, 4, 8, 8}).node(op, {"x"}, {"y"}, {attribute}).output("y");
    EXPECT_FALSE(error_of(model.bytes()).empty());
  }
}

TEST(Damage, HugeComputedTensorsAreNotFolded) {
  Model model(13);
  model.input("x", {1})
      .constant("s", Ints{1LL << 20, 1LL << 20})
      .node("ConstantOfShape", {"s"}, {"z"})
      .node("Add", {"x", "z"}, {"y"})
      .output("y");
  Network network = model.load();
  passes::run_passes(network.graph());
  EXPECT_EQ(network.outputs()[0].dims, (Dims{1LL << 20, 1LL << 20}));
}

}  // namespace
}  // namespace vireo::import_testing
