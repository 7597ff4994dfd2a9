#include "engine/import/onnx/topological_sort.h"

#include <onnx/onnx_pb.h>

#include <functional>
#include <queue>
#include <unordered_map>

#include "engine/base/text.h"

namespace vireo::importer {

void add_read_names(const onnx::NodeProto& node, NameSet& names) {
  for (const std::string& input : node.input())
    if (!input.empty()) names.insert(input);
  // The names that a branch reads and does not define itself; they may be the same as those of the node's outputs.
  const auto add_graph = [&names](const onnx::GraphProto& graph) {
    NameSet inside;
    for (const onnx::NodeProto& inner : graph.node()) add_read_names(inner, inside);
    for (const auto& output : graph.output()) inside.insert(output.name());
    for (const onnx::NodeProto& inner : graph.node())
      for (const std::string& output : inner.output()) inside.erase(output);
    for (const onnx::TensorProto& tensor : graph.initializer()) inside.erase(tensor.name());
    for (const auto& input : graph.input()) inside.erase(input.name());
    names.merge(inside);
  };
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.has_g()) add_graph(attribute.g());
    for (const onnx::GraphProto& graph : attribute.graphs()) add_graph(graph);
  }
}

namespace {

using Index = std::size_t;

/// For each node the nodes whose outputs it reads.
std::vector<std::vector<Index>> find_sources(const std::vector<const onnx::NodeProto*>& nodes,
                                             const std::unordered_map<std::string_view, Index>& producers) {
  std::vector<std::vector<Index>> sources(nodes.size());
  for (Index i = 0; i < nodes.size(); ++i) {
    NameSet names;  // a new one: clearing costs as much as its largest size ever
    add_read_names(*nodes[i], names);
    for (const std::string_view name : names) {
      const auto producer = producers.find(name);
      if (producer != producers.end()) sources[i].push_back(producer->second);
    }
  }
  return sources;
}

}  // namespace

std::vector<const onnx::NodeProto*> order_nodes(const std::vector<const onnx::NodeProto*>& nodes,
                                                const std::vector<std::string>& outputs) {
  std::unordered_map<std::string_view, Index> producers;
  for (Index i = 0; i < nodes.size(); ++i)
    for (const std::string& output : nodes[i]->output())
      if (!output.empty() && !producers.emplace(output, i).second)
        base::fail(ErrorCode::invalid_model, "two nodes write '", output, "'");
  const std::vector<std::vector<Index>> sources = find_sources(nodes, producers);

  std::vector<bool> needed(nodes.size());
  std::vector<Index> stack;
  const auto need = [&](Index i) {
    if (!needed[i]) stack.push_back(i);
    needed[i] = true;
  };
  for (const std::string& output : outputs)
    if (const auto producer = producers.find(output); producer != producers.end()) need(producer->second);
  while (!stack.empty()) {
    const Index i = stack.back();
    stack.pop_back();
    for (const Index source : sources[i]) need(source);
  }

  // Smallest index first, so that a sorted file keeps its order.
  std::vector<std::vector<Index>> readers(nodes.size());
  std::vector<Index> waiting(nodes.size());
  std::priority_queue<Index, std::vector<Index>, std::greater<>> ready;
  Index total = 0;
  for (Index i = 0; i < nodes.size(); ++i) {
    if (!needed[i]) continue;
    ++total;
    waiting[i] = sources[i].size();
    for (const Index source : sources[i]) readers[source].push_back(i);
    if (sources[i].empty()) ready.push(i);
  }
  std::vector<const onnx::NodeProto*> order;
  while (!ready.empty()) {
    const Index i = ready.top();
    ready.pop();
    order.push_back(nodes[i]);
    for (const Index reader : readers[i])
      if (--waiting[reader] == 0) ready.push(reader);
  }
  if (order.size() == total) return order;
  for (Index i = 0; i < nodes.size(); ++i)
    if (needed[i] && waiting[i] > 0)
      base::fail(ErrorCode::invalid_model, "nodes form a cycle: node '", nodes[i]->name(), "' (", nodes[i]->op_type(),
                 ") is part of it or reads from it");
  return order;
}

}  // namespace vireo::importer
