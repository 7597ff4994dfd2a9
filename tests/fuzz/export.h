#pragma once
// The engine's networks as ONNX models: what the fuzzing starts from. Operators that ONNX doesn't have, and layers with
// fused parts, are not exported. Pure functions.

#include <optional>

#include "engine/graph/graph.h"

namespace onnx {
class ModelProto;
}

namespace vireo::fuzz_testing {

/// Nothing when the network holds something that has no ONNX form.
[[nodiscard]] std::optional<onnx::ModelProto> to_onnx(const graph::Graph& graph);

}  // namespace vireo::fuzz_testing
