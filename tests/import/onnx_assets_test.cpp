// Every real model beside the repository is imported, or refused in clear words.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "engine/api/network.h"
#include "engine/graph/graph.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> models() {
  const fs::path folder = fs::path(VIREO_SOURCE_DIR) / "../shared/assets/onnx";
  std::vector<fs::path> found;
  if (!fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".onnx") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

TEST(Assets, EveryModelIsImportedOrRefusedClearly) {
  if (models().empty()) GTEST_SKIP() << "no ../shared/assets";
  for (const fs::path& path : models()) {
    SCOPED_TRACE(path.string());
    const bool odd = path.string().find("robustness") != std::string::npos;
    try {
      const Network network = import_onnx(path);
      EXPECT_FALSE(network.inputs().empty());
      EXPECT_FALSE(network.outputs().empty());
      network.graph().verify();
    } catch (const Error& error) {
      EXPECT_TRUE(odd) << error.what();
      EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
      EXPECT_NE(std::string(error.what()).find("node '"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace vireo
