// Recurrent layers, with ONNX's own attributes.

#include "engine/import/onnx/handlers.h"

namespace vireo::importer {
namespace {

void recurrent(Node& node) {
  const std::string& op = node.op_type();
  const char* ours = op == "LSTM" ? "lstm" : op == "GRU" ? "gru" : "rnn";
  Attributes attributes =
      node.copied({"hidden_size", "direction", "clip", "layout", "linear_before_reset", "input_forget"});
  // We have no attribute type for lists of texts: names in one text, separated by commas.
  std::string activations;
  for (const std::string& name : node.texts("activations")) activations += (activations.empty() ? "" : ",") + name;
  if (!activations.empty()) attributes.set("activations", activations);
  node.copy("activation_alpha", attributes);
  node.copy("activation_beta", attributes);
  std::vector<TensorId> inputs = node.inputs();
  while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
  node.require(inputs.size() >= 3, "input, weights and recurrence weights are needed");
  node.results(node.emit_many(ours, std::move(inputs), std::move(attributes), op == "LSTM" ? 3 : 2));
}

constexpr Row kRows[] = {{"LSTM", recurrent}, {"GRU", recurrent}, {"RNN", recurrent}};

}  // namespace

std::span<const Row> recurrent_rows() { return kRows; }

}  // namespace vireo::importer
