#pragma once
// Layers of ours as ONNX nodes: the way back of the handlers. Pure functions of the graph.

#include <string>
#include <vector>

#include "engine/graph/graph.h"

namespace onnx {
class GraphProto;
}

namespace vireo::importer {

/// By tensor, its name in the ONNX graph; `fresh` makes up others, with a beginning that no tensor's name has.
struct OnnxNames {
  std::vector<std::string> of;
  std::string beginning = "vireo~";
  int made = 0;
  [[nodiscard]] std::string fresh() { return beginning + std::to_string(made++); }
};

/// Appends the layer's nodes, and initializers for what ONNX has as inputs. Returns why there is no ONNX form for it,
/// or nothing.
[[nodiscard]] std::string write_node(const graph::Graph& graph, const graph::Layer& layer, OnnxNames& names,
                                     onnx::GraphProto& to);

}  // namespace vireo::importer
