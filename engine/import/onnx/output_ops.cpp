#include "engine/import/onnx/output_ops.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vireo::importer {
namespace {

constexpr int kMostHops = 8;
constexpr std::size_t kMostNodes = 64;
constexpr std::size_t kMostNames = 4096;  // looked at in one hop

using Producers = std::unordered_map<std::string_view, const onnx::NodeProto*>;

/// An operator that the walk does not cross.
bool is_wall(std::string_view op) {
  static constexpr std::array<std::string_view, 10> kWalls = {
      "Conv", "ConvTranspose", "QLinearConv", "ConvInteger", "Gemm", "MatMul", "QLinearMatMul", "LSTM", "GRU", "RNN"};
  return std::find(kWalls.begin(), kWalls.end(), op) != kWalls.end();
}

/// The data of these are all their inputs; elsewhere inputs after the first are amounts, places and shapes.
bool reads_values_everywhere(std::string_view op) {
  static constexpr std::array<std::string_view, 10> kOps = {"Concat", "Add", "Sub", "Mul", "Div",
                                                            "Pow",    "Min", "Max", "Sum", "Mean"};
  return std::find(kOps.begin(), kOps.end(), op) != kOps.end();
}

bool is_constant(std::string_view name, const Producers& producers) {
  const auto producer = producers.find(name);
  return producer == producers.end() || producer->second->op_type() == "Constant";
}

/// An addition of a constant to the output of a wall: the bias, as some exporters write it.
bool is_bias(const onnx::NodeProto& node, const Producers& producers) {
  if (node.op_type() != "Add" || node.input_size() != 2) return false;
  for (int i = 0; i < 2; ++i) {
    const auto producer = producers.find(node.input(i));
    if (producer != producers.end() && is_wall(producer->second->op_type()))
      return is_constant(node.input(1 - i), producers);
  }
  return false;
}

std::string tail_of(const std::string& output, const Producers& producers) {
  std::vector<std::string_view> names{output}, words;
  std::set<const onnx::NodeProto*> seen;
  for (int hop = 0; hop < kMostHops && !names.empty(); ++hop) {
    std::vector<std::string_view> next;
    for (const std::string_view name : names) {
      const auto producer = producers.find(name);
      if (producer == producers.end() || seen.size() >= kMostNodes || !seen.insert(producer->second).second) continue;
      const onnx::NodeProto& node = *producer->second;
      if (node.op_type() == "Constant") continue;
      const bool named = std::find(words.begin(), words.end(), node.op_type()) != words.end();
      if (!named && !is_bias(node, producers)) words.push_back(node.op_type());
      if (is_wall(node.op_type())) continue;
      const int count = reads_values_everywhere(node.op_type()) ? node.input_size() : std::min(1, node.input_size());
      for (int i = 0; i < count && next.size() < kMostNames; ++i) next.push_back(node.input(i));
    }
    names = std::move(next);
  }
  std::string line;
  for (const std::string_view word : words) line.append(line.empty() ? "" : " ").append(word);
  return line;
}

}  // namespace

std::string output_tails(const onnx::GraphProto& graph) {
  Producers producers;
  for (const onnx::NodeProto& node : graph.node())
    for (const std::string& output : node.output())
      if (!output.empty()) producers.emplace(output, &node);
  std::string text;
  for (int i = 0; i < graph.output_size(); ++i)
    text += (i > 0 ? "\n" : "") + tail_of(graph.output(i).name(), producers);
  return text;
}

}  // namespace vireo::importer
