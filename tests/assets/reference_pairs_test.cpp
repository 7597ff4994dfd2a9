// Every real model beside the repository against its reference pair (../shared/assets/onnx). Skipped where they are
// missing.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/tensor_file.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;
const fs::path kOnnx = fs::path(VIREO_SOURCE_DIR) / ".." / "shared" / "assets" / "onnx";

// Float outputs: ‖ours − reference‖ / ‖reference‖. What independent runtimes leave between each other is up to 8e-6.
constexpr double kTolerance = 5e-5;

bool quantised(const fs::path& model) {
  const std::string text = model.string();
  return text.find("qdq") != std::string::npos || text.find("qlinear") != std::string::npos ||
         text.find("int8") != std::string::npos;
}

std::vector<HostTensor> read_all(const fs::path& folder, const std::string& kind) {
  std::vector<HostTensor> list;
  for (int k = 0; fs::exists(folder / (kind + "_" + std::to_string(k) + ".pb")); ++k)
    list.push_back(read_tensor(folder / (kind + "_" + std::to_string(k) + ".pb")));
  return list;
}

void expect_equal(const HostTensor& wanted, const Buffer& got, const std::string& name) {
  const auto count = static_cast<std::size_t>(element_count(wanted.dims));
  if (wanted.dtype != DataType::float32) {
    EXPECT_EQ(std::memcmp(got.data(), wanted.data.data(), wanted.data.size()), 0) << name;
    return;
  }
  double difference = 0, norm = 0;
  const auto* a = got.as<float>();
  const auto* b = reinterpret_cast<const float*>(wanted.data.data());
  for (std::size_t i = 0; i < count; ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(b[i]) * b[i];
  }
  const double error = norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference);
  EXPECT_LE(error, kTolerance) << name;  // NaN fails too
}

class ReferencePair : public testing::TestWithParam<fs::path> {};

TEST_P(ReferencePair, outputs_match) {
  const fs::path model = GetParam();
  fs::path pair = model;
  pair.replace_extension(".ref");
  pair /= "test_data_set_0";
  const std::vector<HostTensor> inputs = read_all(pair, "input"), outputs = read_all(pair, "output");
  ASSERT_FALSE(inputs.empty());
  const Network network = import_onnx(model);
  BuildOptions options;
  options.budget_s = 0;
  Profile profile;
  ASSERT_EQ(network.inputs().size(), inputs.size());
  for (std::size_t k = 0; k < inputs.size(); ++k)
    profile.push_back({network.inputs()[k].name, inputs[k].dims, inputs[k].dims, inputs[k].dims});
  options.profiles.push_back(profile);
  auto engine = Engine::load(build(network, options));
  auto context = engine->create_context();
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Buffer buffer = context->allocate(engine->inputs()[k].name);
    std::memcpy(buffer.data(), inputs[k].data.data(), inputs[k].data.size());
  }
  std::vector<Buffer> results;
  for (const TensorInfo& output : engine->outputs()) results.push_back(context->allocate(output.name));
  const Status status = context->run();
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(results.size(), outputs.size());
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const std::string name = engine->outputs()[k].name;
    ASSERT_EQ(context->shape(name), outputs[k].dims) << name;
    expect_equal(outputs[k], results[k], name);
  }
}

std::vector<fs::path> models() {
  std::vector<fs::path> list;
  if (!fs::exists(kOnnx)) return list;
  for (const auto& entry : fs::recursive_directory_iterator(kOnnx)) {
    if (entry.path().extension() != ".onnx" || quantised(entry.path())) continue;
    fs::path pair = entry.path();
    pair.replace_extension(".ref");
    if (fs::exists(pair)) list.push_back(entry.path());
  }
  std::sort(list.begin(), list.end());
  return list;
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Assets, ReferencePair, testing::ValuesIn(models()), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ReferencePair);

TEST(Assets, are_here_or_this_suite_is_skipped) {
  if (!fs::exists(kOnnx)) GTEST_SKIP() << "no ../shared/assets";
  EXPECT_GE(models().size(), 20u);
}

}  // namespace
}  // namespace vireo
