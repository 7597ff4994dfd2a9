#pragma once
// What a plan holds in memory, and its file format.
//
// File: a 128-byte header (magic, version, sizes, checksums), the optimised network as text (engine/graph/text.h), the
// tuning and the table of packed weights as text, then, from a page boundary on, the weights in ONNX's order and the
// packed weights, each block 64-byte aligned, so that a file can be mapped and shared. Header and texts are checked
// when a file is loaded; packed weights when they are used; weights when somebody reads them, which only packing anew
// and kernels that know no packing do.

#include <map>
#include <string>
#include <vector>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/plan.h"
#include "engine/graph/graph.h"
#include "engine/plan/choices.h"
#include "engine/plan/packed_weights.h"

namespace vireo {

struct Plan::State {
  graph::Graph graph;
  bool exact = false;
  Precision precision = Precision::fp32;  ///< what compiling may use, for shapes that come later too
  std::uint64_t max_workspace = 0;
  std::vector<std::string> disabled_passes;  ///< for shapes that come later too
  std::vector<Profile> profiles;
  std::map<std::string, plan::Choices> choices;  ///< by device fingerprint
  std::vector<LayoutReport> layouts;             ///< what was weighed; the decisions themselves are in the graph
  std::shared_ptr<plan::PackedWeightStore> packs = std::make_shared<plan::PackedWeightStore>();
  std::uint64_t file_bytes = 0;
  std::vector<TensorInfo> inputs, outputs;
};

namespace plan {

/// Fills the derived fields (inputs, outputs, file_bytes).
[[nodiscard]] std::shared_ptr<const Plan::State> finish(Plan::State state);
/// Name of the processor, its instruction sets and forced tactics: where measured choices hold.
[[nodiscard]] std::string cpu_fingerprint();
[[nodiscard]] std::vector<TensorInfo> input_info(const graph::Graph& graph);
[[nodiscard]] std::vector<TensorInfo> output_info(const graph::Graph& graph);

}  // namespace plan
}  // namespace vireo
