#pragma once
// A network as a labelling problem: which of its layers and tensors have a layout, and the problems whose seconds count
// in either layout. For layout.cpp alone.

#include <memory>
#include <string>
#include <vector>

#include "engine/compile/compile.h"
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

/// A layer with a kernel for either layout.
struct FormatLayer {
  graph::LayerId layer = graph::kNone;
  int node = 0;
  bool decided = false;  ///< the decision counts; else the layer follows its neighbours, and its seconds count
  std::unique_ptr<OwnProblem> either[2];  ///< channels first, last
};

struct FormatModel {
  FormatNet net;  ///< all seconds 0
  std::vector<FormatLayer> layers;
  std::vector<graph::LayerId> through;  ///< by node: the layer, if it is one that works on either layout alike
  struct Reorder {
    std::unique_ptr<OwnProblem> to_last, to_first;  ///< null: moves nothing
  };
  std::vector<Reorder> reorders;  ///< one for each tensor of the net
};

/// The graph must be static, but for what lies behind layers whose output depends on data, and no layer channels-last
/// yet: what the passes make of a network without nhwc_layout and transpose_sinking.
[[nodiscard]] FormatModel format_model(const graph::Graph& graph, const compile::CompileOptions& options);

/// Predicted seconds of a problem's best tactic.
struct Prediction {
  double seconds = 0;
  bool has_model = false;  ///< by the tactic's own model; else from arithmetic and traffic
};
[[nodiscard]] Prediction predict_best(const graph::Problem& problem, const compile::CompileOptions& options);

}  // namespace vireo::tune
