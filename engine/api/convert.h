#pragma once
// A network in other forms than a plan: an ONNX model for other engines, and text for people.

#include <filesystem>
#include <string>

#include "engine/api/export.h"
#include "engine/api/network.h"

namespace vireo {

/// Writes the network as an ONNX model of opset 21 (23 where it needs that), as it was imported or defined, before any
/// optimisation: names of inputs and outputs, symbols of unknown extents and metadata are kept. Atomically; weights of
/// more than 1 GB go into "PATH.data" beside it. Throws Error(unsupported) naming every layer that ONNX has no form
/// for, and Error(io).
VIREO_API void save_onnx(const Network& network, const std::filesystem::path& path);

/// One statement a line: inputs, constants (small ones with their values), layers with what they read and their
/// inferred types, outputs.
[[nodiscard]] VIREO_API std::string network_text(const Network& network);

}  // namespace vireo
