#include "engine/network/notes.h"

#include <atomic>

#include "engine/graph/operator.h"

namespace vireo {

NetworkLayers::Notes::Notes() {
  static std::atomic<std::uint32_t> last{0};
  network = ++last;
}

namespace network {

std::string foreign(const graph::Graph& graph, const Notes& notes, Tensor tensor) {
  if (tensor.network != 0 && tensor.network != notes.network)
    return "is a tensor of another network; a body takes those of the network around it by outer()";
  if (tensor.id < 0 || tensor.id >= graph.tensor_count())
    return base::str("is tensor ", tensor.id, ", which this network does not have");
  return "";
}

void infer_again(graph::Graph& graph) {
  std::vector<graph::LayerId> order;
  try {
    order = graph.topological_order();
  } catch (const Error&) {  // a cycle, which validate() tells
    return;
  }
  for (const graph::LayerId id : order) {
    try {
      graph.infer(id);
    } catch (const Error&) {
      for (const graph::TensorId output : graph.layer(id).outputs) {
        graph::Tensor& t = graph.tensor(output);
        t.dtype = DataType::undefined;
        t.ranked = false;
        t.dims.clear();
      }
    }
  }
}

std::vector<Notes::Problem> problems_of(const graph::Graph& given, const Notes& notes) {
  std::vector<Notes::Problem> problems = notes.problems;
  graph::Graph graph = given;  // types are inferred again
  std::unordered_set<graph::TensorId> failed = notes.failed;
  const auto has_value = [](const graph::Tensor& t) { return t.is_input || t.constant || t.producer != graph::kNone; };
  std::vector<graph::LayerId> order;
  try {
    order = graph.topological_order();
  } catch (const Error& error) {
    problems.push_back({error.code(), error.what()});
  }
  for (const graph::LayerId id : order) {
    const graph::Layer& layer = graph.layer(id);
    bool good = true;
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      if (layer.inputs[k] == graph::kNone) continue;
      const graph::Tensor& t = graph.tensor(layer.inputs[k]);
      const bool known = !failed.contains(layer.inputs[k]);
      good = good && known && has_value(t);
      if (known && !has_value(t))
        problems.push_back(
            {ErrorCode::invalid_argument,
             base::str(layer.op->name, " '", layer.name, "': nothing makes its input ", k, ", '", t.name, "'")});
    }
    try {
      if (good) graph.infer(id);
    } catch (const Error& error) {
      problems.push_back({error.code(), error.what()});
      good = false;
    }
    if (!good) failed.insert(layer.outputs.begin(), layer.outputs.end());
  }
  for (const graph::Graph::Output& output : graph.outputs()) {
    const graph::Tensor& t = graph.tensor(output.tensor);
    if (!has_value(t) && !failed.contains(output.tensor))
      problems.push_back({ErrorCode::invalid_argument,
                          base::str("output '", output.name, "': nothing makes its tensor '", t.name, "'")});
  }
  return problems;
}

void raise(const std::vector<Notes::Problem>& problems) {
  if (problems.empty()) return;
  if (problems.size() == 1) throw Error(problems[0].code, problems[0].text);
  std::string text = base::str("the network has ", problems.size(), " errors:");
  for (const Notes::Problem& problem : problems) text += "\n  " + problem.text;
  throw Error(problems[0].code, text);
}

}  // namespace network
}  // namespace vireo
