#pragma once
// The order in which the nodes of one ONNX graph are translated: producers first, nodes that no output needs left out.

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace onnx {
class NodeProto;
}

namespace vireo::importer {

/// Names that belong to the message they stand in.
using NameSet = std::unordered_set<std::string_view>;

/// Every name that the node reads, those that its branches read from outside included.
void add_read_names(const onnx::NodeProto& node, NameSet& names);

/// Throws Error(invalid_model) when two nodes write the same name or nodes form a cycle.
[[nodiscard]] std::vector<const onnx::NodeProto*> order_nodes(const std::vector<const onnx::NodeProto*>& nodes,
                                                              const std::vector<std::string>& outputs);

}  // namespace vireo::importer
