#pragma once
// The order in which the nodes of one ONNX graph are translated: producers first, nodes that no output needs left out.

#include <set>
#include <string>
#include <vector>

namespace onnx {
class NodeProto;
}

namespace vireo::importer {

/// Every name that the node reads, the free names of its subgraphs included (and perhaps some bound ones).
void add_read_names(const onnx::NodeProto& node, std::set<std::string, std::less<>>& names);

/// Throws Error(invalid_model) when two nodes write the same name or nodes form a cycle.
[[nodiscard]] std::vector<const onnx::NodeProto*> order_nodes(const std::vector<const onnx::NodeProto*>& nodes,
                                                              const std::vector<std::string>& outputs);

}  // namespace vireo::importer
