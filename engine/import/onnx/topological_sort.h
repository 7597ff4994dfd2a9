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

/// Names that are owned by the message that contains them.
using NameSet = std::unordered_set<std::string_view>;

/// Every name that the node reads, including those that its branches read from outside.
void add_read_names(const onnx::NodeProto& node, NameSet& names);

/// Throws Error(invalid_model) when two nodes write the same name or nodes form a cycle.
[[nodiscard]] std::vector<const onnx::NodeProto*> order_nodes(const std::vector<const onnx::NodeProto*>& nodes,
                                                              const std::vector<std::string>& outputs);

}  // namespace vireo::importer
