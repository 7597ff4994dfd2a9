#pragma once
// A network as a labelling problem: which of its layers and tensors have a format to choose, the problems whose seconds
// count in each, and what stands between one format and another: a transpose, a cast, or both. For formats.cpp alone.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/compile/compile.h"
#include "engine/graph/format.h"
#include "engine/tune/format_assignment.h"

namespace vireo::tune {

/// A problem with attributes of its own.
struct OwnProblem {
  graph::Attributes attributes;
  graph::Problem problem;
  std::string key;         ///< choice_key
  double predicted = 0;    ///< seconds
  bool has_model = false;  ///< the kernel itself predicted them
};

/// A layer with a kernel for several formats.
struct FormatLayer {
  graph::LayerId layer = graph::kNone;
  int node = 0;
  bool decided = false;  ///< the decision counts; else the layer follows its neighbours, and its seconds count
  std::vector<std::unique_ptr<OwnProblem>> either;  ///< by label; null: it can't have it
};

/// From one format of a tensor to another.
struct Reformat {
  bool possible = true;                            ///< false: an int8 without a scale
  std::vector<std::unique_ptr<OwnProblem>> steps;  ///< one after the other; none: it is the same in both
};

struct FormatModel {
  std::vector<graph::Format> formats;  ///< what the labels mean
  int first = 0, last = 1;             ///< the labels of float32 with channels first and with channels last
  FormatNet net;                       ///< all seconds 0, but for what can't be
  std::vector<FormatLayer> layers;
  std::vector<graph::LayerId> through;           ///< by node: the layer, if it is one that works on any layout alike
  std::vector<std::vector<Reformat>> reformats;  ///< of each tensor of the net, [from * formats + to]

  [[nodiscard]] int labels() const { return static_cast<int>(formats.size()); }
  [[nodiscard]] bool channels_last(int label) const {
    return formats[static_cast<std::size_t>(label)].layout == graph::Layout::nhwc;
  }
};

/// Predicted seconds of a problem's best tactic.
struct Prediction {
  double seconds = 0;      ///< kCannot: nothing computes it
  bool has_model = false;  ///< by the tactic's own model; else from arithmetic and traffic
  bool reference = false;  ///< no tactic, only the reference
};
[[nodiscard]] Prediction predict_best(const graph::Problem& problem, const compile::CompileOptions& options);

/// The formats that may stand between layers. Layers have those of another type than float32 where a tactic, not the
/// reference alone, takes all their float32 tensors in it; tensors of other types keep theirs.
struct FormatSpace {
  std::vector<graph::Format> formats;        ///< float32 in both layouts among them
  std::map<graph::TensorId, double> scales;  ///< of int8, by tensor; of others the format's, if it has one
  std::function<Prediction(const graph::Problem&)> predict;  ///< empty: predict_best
};
/// What a build with these options permits between layers.
[[nodiscard]] FormatSpace permitted_formats(const compile::CompileOptions& options);

/// The graph must be static, but for what lies behind layers whose output depends on data, and no layer channels-last
/// yet: what the passes make of a network without nhwc_layout and transpose_sinking.
[[nodiscard]] FormatModel format_model(const graph::Graph& graph, const compile::CompileOptions& options,
                                       FormatSpace space);
[[nodiscard]] FormatModel format_model(const graph::Graph& graph, const compile::CompileOptions& options);

}  // namespace vireo::tune
