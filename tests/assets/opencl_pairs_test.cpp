// Every real model beside the repository that has a reference pair (../shared/assets/onnx), on the first OpenCL device
// against the CPU. Skipped where either is missing. On a processor's OpenCL most of the time goes into compiling.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "engine/api/builder.h"
#include "engine/api/compare.h"
#include "engine/api/engine.h"
#include "engine/api/tensor_file.h"
#include "tests/support/opencl_here.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;
const fs::path kOnnx = fs::path(VIREO_SOURCE_DIR) / ".." / "shared" / "assets" / "onnx";

constexpr double kTolerance = 1e-4;  // relative L2

/// Networks of 8-bit integers: a last bit that rounds the other way is a whole step, and the layers behind follow it.
bool quantised(const fs::path& model) {
  const std::string text = model.string();
  return text.find("qdq") != std::string::npos || text.find("qlinear") != std::string::npos ||
         text.find("int8") != std::string::npos;
}

std::vector<HostTensor> read_inputs(const fs::path& model) {
  fs::path pair = model;
  pair.replace_extension(".ref");
  std::vector<HostTensor> list;
  for (int k = 0;; ++k) {
    const fs::path file = pair / "test_data_set_0" / ("input_" + std::to_string(k) + ".pb");
    if (!fs::exists(file)) return list;
    list.push_back(read_tensor(file));
  }
}

std::vector<HostTensor> outputs_on(const std::string& device, const Network& network,
                                   const std::vector<HostTensor>& inputs) {
  BuildOptions options;
  options.devices = {device};
  options.budget_s = 0;
  Profile profile;
  for (std::size_t k = 0; k < inputs.size(); ++k)
    profile.push_back({network.inputs()[k].name, inputs[k].dims, inputs[k].dims, inputs[k].dims});
  options.profiles.push_back(profile);
  const auto engine = Engine::load(build(network, options), {device});
  const auto context = engine->create_context();
  for (std::size_t k = 0; k < inputs.size(); ++k)
    context->allocate(engine->inputs()[k].name).write(inputs[k].data.data(), inputs[k].data.size());
  for (const TensorInfo& output : engine->outputs())
    if (is_static(context->shape(output.name))) (void)context->allocate(output.name);
  if (const Status status = context->run(); !status.ok()) throw Error(status.code(), status.message());
  std::vector<HostTensor> list;
  for (const TensorInfo& output : engine->outputs()) {
    HostTensor tensor{output.name, output.dtype, context->shape(output.name), {}};
    tensor.data.resize(byte_count(tensor.dtype, tensor.dims));
    context->result(output.name).read(tensor.data.data(), tensor.data.size());
    list.push_back(std::move(tensor));
  }
  return list;
}

double relative_l2(const HostTensor& got, const HostTensor& wanted) {
  double error = 0, norm = 0;
  const auto* a = reinterpret_cast<const float*>(got.data.data());
  const auto* b = reinterpret_cast<const float*>(wanted.data.data());
  for (std::int64_t i = 0; i < element_count(wanted.dims); ++i) {
    error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(b[i]) * b[i];
  }
  return norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
}

/// Each kernel with its reference on what the engine fed it.
void expect_kernels_agree(const Network& network, const std::vector<HostTensor>& inputs) {
  BuildOptions options;
  options.devices = {"opencl:0"};
  options.budget_s = 0;
  std::map<std::string, Dims> shapes;
  std::map<std::string, Buffer> buffers;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const std::string name = network.inputs()[k].name;
    shapes[name] = inputs[k].dims;
    buffers[name] = Buffer::host(inputs[k].data.size());
    buffers[name].write(inputs[k].data.data(), inputs[k].data.size());
  }
  int compared = 0;
  for (const LayerError& row : compare(network, options, shapes, buffers)) {
    EXPECT_LE(row.own_l2, kTolerance) << row.op << " " << row.layer;
    compared += row.own_l2 >= 0;
  }
  EXPECT_GT(compared, 50);
}

class OpenclPair : public testing::WithOpencl, public ::testing::WithParamInterface<fs::path> {};

TEST_P(OpenclPair, outputs_agree_with_the_cpu) {
  const std::vector<HostTensor> inputs = read_inputs(GetParam());
  const Network network = import_onnx(GetParam());
  ASSERT_EQ(network.inputs().size(), inputs.size());
  if (quantised(GetParam())) return expect_kernels_agree(network, inputs);
  const auto wanted = outputs_on("cpu", network, inputs), got = outputs_on("opencl:0", network, inputs);
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    ASSERT_EQ(got[k].dims, wanted[k].dims) << wanted[k].name;
    if (wanted[k].dtype == DataType::float32) EXPECT_LE(relative_l2(got[k], wanted[k]), kTolerance) << wanted[k].name;
    else EXPECT_EQ(got[k].data, wanted[k].data) << wanted[k].name;
  }
}

std::vector<fs::path> models() {
  std::vector<fs::path> list;
  if (!fs::exists(kOnnx)) return list;
  for (const auto& entry : fs::recursive_directory_iterator(kOnnx)) {
    fs::path pair = entry.path();
    pair.replace_extension(".ref");
    if (entry.path().extension() == ".onnx" && fs::exists(pair)) list.push_back(entry.path());
  }
  std::sort(list.begin(), list.end());
  return list;
}

std::string name_of(const ::testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Assets, OpenclPair, ::testing::ValuesIn(models()), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpenclPair);

TEST(OpenclPairs, are_here_or_this_suite_is_skipped) {
  if (!fs::exists(kOnnx)) GTEST_SKIP() << "no ../shared/assets";
  EXPECT_GE(models().size(), 20u);
}

}  // namespace
}  // namespace vireo
