// All passes on the real models: the graph stays sound, and hardly a transpose is left.
#include <filesystem>

#include "engine/api/network.h"
#include "tests/passes/check.h"

namespace vireo::passes_testing {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> models() {
  const fs::path folder = fs::path(VIREO_SOURCE_DIR) / "../shared/assets/onnx";
  std::vector<fs::path> found;
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".onnx" && entry.path().string().find("robustness") == std::string::npos)
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

int count(const Graph& graph, std::string_view op) {
  int number = 0;
  for (LayerId id = 0; id < graph.layer_count(); ++id)
    number += graph.layer(id).alive() && graph.layer(id).op->name == op ? 1 : 0;
  return number;
}

TEST(Models, AllPassesRunOnEveryModelAndSettle) {
  if (models().empty()) GTEST_SKIP() << "no ../shared/assets";
  for (const fs::path& path : models()) {
    SCOPED_TRACE(path.string());
    Network network = import_onnx(path);
    const int before = network.graph().layer_count();
    passes::PassReport report = passes::run_passes(network.graph());
    EXPECT_LT(report.rounds, 8);
    EXPECT_EQ(count(network.graph(), "batch_norm"), 0);
    if (count(network.graph(), "quantize_linear") == 0) {
      EXPECT_LE(count(network.graph(), "transpose"), 13);
    }
    std::printf("%-60s %4d -> %4d layers, %2d transposes\n", path.filename().c_str(), before,
                network.graph().layer_count(), count(network.graph(), "transpose"));
  }
}

/// Models small enough for the reference to run them twice in a few seconds.
TEST(Models, SmallModelsGiveTheSameResultsBeforeAndAfter) {
  if (models().empty()) GTEST_SKIP() << "no ../shared/assets";
  for (const fs::path& path : models()) {
    const std::string name = path.filename();
    const bool small = name == "blazeface_128.onnx" || name == "lprnet_sirius_reexport.onnx" ||
                       name == "ultraface_version-RFB-320.onnx" || name == "ppocr_mobile_v2_cls.onnx" ||
                       name == "yunet_n_dynamic.onnx" || name == "mediapipe_selfie_landscape_144x256.onnx";
    if (!small) continue;
    SCOPED_TRACE(name);
    Network network = import_onnx(path);
    Graph before = network.graph();
    for (const TensorId input : before.inputs()) {
      Dims& dims = before.tensor(input).dims;
      for (std::size_t i = 0; i < dims.size(); ++i)
        if (dims[i] < 0) dims[i] = i == 0 ? 1 : 96;
    }
    before.infer_all();
    Graph after = before;
    passes::run_passes(after);
    const std::vector<ConstantPtr> inputs = random_inputs(before, 5, 1);
    const auto expected = evaluate_graph(before, inputs), found = evaluate_graph(after, inputs);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const std::vector<double> a = to_reals(*expected[k]), b = to_reals(*found[k]);
      ASSERT_EQ(a.size(), b.size());
      double error = 0, norm = 1e-30;
      for (std::size_t i = 0; i < a.size(); ++i) {
        error += (a[i] - b[i]) * (a[i] - b[i]);
        norm += a[i] * a[i];
      }
      EXPECT_LE(std::sqrt(error / norm), 2e-5) << "output " << k;
    }
  }
}

}  // namespace
}  // namespace vireo::passes_testing
