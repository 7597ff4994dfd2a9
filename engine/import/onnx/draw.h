#pragma once
// Weights for initializers that have none. Pure functions of the message and the folder beside it.

#include <cstdint>
#include <filesystem>

namespace onnx {
class ModelProto;
}

namespace vireo::importer {

/// Fills in what engine/api/topology.h says; returns how many. Throws Error(unsupported) naming those that can't be
/// drawn, and Error(out_of_memory | invalid_model) for extents that are too large or none.
int draw_missing_weights(onnx::ModelProto& model, const std::filesystem::path& directory, std::uint64_t seed);

}  // namespace vireo::importer
