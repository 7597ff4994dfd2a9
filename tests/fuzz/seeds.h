#pragma once
// What the fuzzing mutates: small sound models of many operators, and plans made of them. Made once, then only read.

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>
#include <vector>

namespace vireo::fuzz_testing {

struct Seeds {
  std::vector<onnx::ModelProto> models;
  std::vector<std::string> plans;  ///< bytes
  std::vector<std::string> names;  ///< of the models
};

/// Every operator's cases, random networks, models with branches, functions and sequences, and the given files.
[[nodiscard]] Seeds make_seeds(const std::vector<std::filesystem::path>& files, const std::filesystem::path& scratch);

}  // namespace vireo::fuzz_testing
