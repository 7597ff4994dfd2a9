// The ONNX project's own node tests, through the importer and the references: truth that is not ours. Skipped where the
// archive is missing. A model that the importer refuses is counted, not failed; a wrong number fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/api/network.h"
#include "engine/api/tensor_file.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/graph.h"
#include "engine/ops/shared/reference.h"
#include "tests/ops/sequence_files.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;

/// The archive's data folder, unpacked once into the build tree; empty when there is no archive.
fs::path node_tests() {
  const fs::path archive = fs::path(VIREO_SOURCE_DIR) / "../shared/assets/conformance/onnx-1.22.0-backend-tests.tar.xz";
  const fs::path place = fs::path(VIREO_BINARY_DIR) / "onnx-node-tests", done = place / "unpacked";
  if (!fs::exists(archive)) return {};
  if (!fs::exists(done)) {
    fs::create_directories(place);
    const std::string command = "tar xJf '" + archive.string() + "' -C '" + place.string() + "'";
    if (std::system(command.c_str()) != 0) return {};
    std::ofstream(done) << "\n";
  }
  for (const auto& entry : fs::recursive_directory_iterator(place))
    if (entry.is_directory() && entry.path().filename() == "node") return entry.path();
  return {};
}

graph::ConstantPtr read(const fs::path& path, const std::string& sequence) {
  if (!sequence.empty()) return testing::read_packed(path, sequence);
  const HostTensor tensor = read_tensor(path);
  return graph::make_constant(tensor.dtype, tensor.dims, tensor.data.data(), tensor.data.size());
}

std::string difference(const graph::Constant& found, const graph::Constant& expected) {
  if (found.dtype != expected.dtype)
    return "type " + std::string(to_string(found.dtype)) + ", expected " + std::string(to_string(expected.dtype));
  if (found.dims != expected.dims) return "shape " + to_string(found.dims) + ", expected " + to_string(expected.dims);
  const auto values = [](const graph::Constant& c) {
    return c.count() == 0 ? std::vector<double>{}
                          : ops::to_doubles({c.dtype, c.dims, const_cast<std::byte*>(c.data.get())});
  };
  const std::vector<double> a = values(found), b = values(expected);
  const bool half = expected.dtype == DataType::float16 || expected.dtype == DataType::bfloat16;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double limit = is_float(expected.dtype) ? (half ? 1e-2 : 1e-5) + (half ? 1e-2 : 1e-3) * std::abs(b[i]) : 0;
    if (!(std::abs(a[i] - b[i]) <= limit))
      return "element " + std::to_string(i) + " is " + std::to_string(a[i]) + ", expected " + std::to_string(b[i]);
  }
  return {};
}

std::string difference_of(const graph::Constant& found, const graph::Constant& expected, const std::string& sequence) {
  if (sequence.empty()) return difference(found, expected);
  const std::vector<SequenceItem> a = unpack_sequence(found.read(), found.bytes()),
                                  b = unpack_sequence(expected.read(), expected.bytes());
  if (a.size() != b.size()) return std::to_string(a.size()) + " tensors, expected " + std::to_string(b.size());
  const auto constant_of = [](const SequenceItem& item) {
    return graph::make_constant(item.dtype, item.dims, item.data, byte_count(item.dtype, item.dims));
  };
  const bool nested = sequence.starts_with("optional sequence");
  for (std::size_t i = 0; i < a.size(); ++i)
    if (const std::string why = difference_of(*constant_of(a[i]), *constant_of(b[i]), nested ? sequence.substr(9) : "");
        !why.empty())
      return "tensor " + std::to_string(i) + ": " + why;
  return {};
}

/// Empty when every output of every data set is right. Throws what import and evaluation throw.
std::string run(const fs::path& folder) {
  const Network network = import_onnx(folder / "model.onnx");
  const graph::Graph& graph = network.graph();
  const auto sequence = [&](const std::string& name) {
    const auto kind = graph.metadata.find("onnx.sequence." + name);
    return kind == graph.metadata.end() ? std::string() : kind->second;
  };
  for (int set = 0; fs::exists(folder / ("test_data_set_" + std::to_string(set))); ++set) {
    const fs::path data = folder / ("test_data_set_" + std::to_string(set));
    std::vector<graph::ConstantPtr> inputs;
    for (std::size_t k = 0; k < graph.inputs().size(); ++k)
      inputs.push_back(read(data / ("input_" + std::to_string(k) + ".pb"), sequence(network.inputs()[k].name)));
    const std::vector<graph::ConstantPtr> outputs = graph::evaluate_graph(graph, inputs);
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const fs::path file = data / ("output_" + std::to_string(k) + ".pb");
      if (!fs::exists(file)) continue;
      const std::string kind = sequence(network.outputs()[k].name);
      const std::string why = difference_of(*outputs[k], *read(file, kind), kind);
      if (!why.empty()) return "output " + std::to_string(k) + ": " + why;
    }
  }
  return {};
}

TEST(NodeTests, AreRightOrRefused) {
  const fs::path root = node_tests();
  if (root.empty()) GTEST_SKIP() << "the archive of ONNX node tests is not here";
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root))
    if (fs::exists(entry.path() / "model.onnx")) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  const char* filter = std::getenv("VIREO_NODE_TEST");
  int right = 0, refused = 0;
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    if (filter && name.find(filter) == std::string::npos) continue;
    try {
      const std::string why = run(folder);
      if (why.empty()) ++right;
      else ADD_FAILURE() << name << ": " << why;
    } catch (const Error& error) {
      ++refused;
      if (error.code() != ErrorCode::unsupported || filter) std::printf("%s: %s\n", name.c_str(), error.what());
    } catch (const std::exception& error) {
      ADD_FAILURE() << name << ": " << error.what();
    }
  }
  std::printf("%d right, %d refused, of %zu\n", right, refused, folders.size());
  EXPECT_TRUE(filter || right >= 900);
}

}  // namespace
}  // namespace vireo
