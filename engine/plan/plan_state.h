#pragma once
// What a plan holds in memory, and its file format.
//
// File: a 128-byte header (magic, version, sizes, checksums), the neutral network as text (engine/graph/text.h), the
// sections and the table of packed weights as text (plan_text.h), then, from a page boundary on, the weights in ONNX's
// order and the packed weights, each block 64-byte aligned, so that a file can be mapped and shared. Header and texts
// are checked when a file is loaded; packed weights when they are used; weights when somebody reads them.
//
// Weights are stored once: packed forms are made when an engine is loaded, but for small ones, and for all of them
// where the build was told to keep them. A plan may lack weights that its device does not need (BuildOptions::strip).

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/builder.h"
#include "engine/api/plan.h"
#include "engine/graph/graph.h"
#include "engine/plan/section.h"

namespace vireo {

struct Plan::State {
  graph::Graph graph;  ///< neutral: what the passes make of a network before any device is thought of
  std::vector<std::string> disabled_passes;  ///< for shapes that come later too
  std::vector<Profile> profiles;
  std::vector<plan::Section> sections;
  plan::Section untuned;  ///< for devices that have none; permits no more than any of the sections does
  std::uint64_t file_bytes = 0;
  std::vector<TensorInfo> inputs, outputs;
  /// Devices that a build has opened, which an engine of the plan finds with all that they have compiled: programs in
  /// the plan are compiled once more, in part, by drivers that hand out no machine code.
  std::vector<std::shared_ptr<const void>> built_on;

  /// The section of this device, else `untuned`.
  [[nodiscard]] const plan::Section& section_for(std::string_view fingerprint) const;
};

namespace plan {

/// Fills the derived fields (untuned, inputs, outputs).
[[nodiscard]] std::shared_ptr<const Plan::State> finish(Plan::State state);
[[nodiscard]] std::vector<TensorInfo> input_info(const graph::Graph& graph);
[[nodiscard]] std::vector<TensorInfo> output_info(const graph::Graph& graph);

/// A constant that stands for one that the plan was stripped of: reading it is an error that says so.
[[nodiscard]] graph::ConstantPtr stripped(const graph::Constant& constant, const std::string& name);
[[nodiscard]] bool is_stripped(const graph::Constant& constant);

}  // namespace plan
}  // namespace vireo
