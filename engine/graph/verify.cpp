// The invariants every pass must leave true.

#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {

void Graph::verify() const {
  const auto check = [](bool good, const auto&... what) {
    if (!good) base::fail(ErrorCode::internal, "graph is inconsistent: ", what...);
  };
  const auto valid = [this](TensorId id) { return id >= 0 && id < tensor_count(); };
  for (LayerId id = 0; id < layer_count(); ++id) {
    const Layer& l = layer(id);
    if (!l.alive()) continue;
    for (TensorId input : l.inputs) {
      if (input == kNone) continue;
      check(valid(input), "layer '", l.name, "' reads tensor ", input);
      const Tensor& t = tensor(input);
      const auto uses = std::count(l.inputs.begin(), l.inputs.end(), input);
      check(std::count(t.consumers.begin(), t.consumers.end(), id) == uses, "consumers of '", t.name,
            "' and inputs of '", l.name, "' disagree");
      check(t.producer != kNone || t.constant || std::find(inputs_.begin(), inputs_.end(), input) != inputs_.end(),
            "'", t.name, "', read by '", l.name, "', has no value");
    }
    for (TensorId output : l.outputs) {
      if (output == kNone) continue;
      check(valid(output), "layer '", l.name, "' writes tensor ", output);
      check(tensor(output).producer == id, "'", tensor(output).name, "' doesn't know its producer '", l.name, "'");
      check(!tensor(output).constant, "'", tensor(output).name, "' is constant and produced");
    }
  }
  for (TensorId id = 0; id < tensor_count(); ++id) {
    const Tensor& t = tensor(id);
    if (t.producer != kNone) {
      check(t.producer < layer_count() && layer(t.producer).alive(), "'", t.name, "' is produced by a removed layer");
      const auto& outputs = layer(t.producer).outputs;
      check(std::find(outputs.begin(), outputs.end(), id) != outputs.end(), "'", t.name, "' isn't an output of '",
            layer(t.producer).name, "'");
    }
    for (LayerId consumer : t.consumers)
      check(consumer >= 0 && consumer < layer_count() && layer(consumer).alive(), "'", t.name,
            "' is read by a removed layer");
    if (t.constant)
      check(t.ranked && t.dtype == t.constant->dtype && t.dims == t.constant->dims, "type of constant '", t.name, "'");
  }
  for (const Output& output : outputs_) {
    check(valid(output.tensor), "output '", output.name, "' is tensor ", output.tensor);
    const Tensor& t = tensor(output.tensor);
    check(
        t.producer != kNone || t.constant || std::find(inputs_.begin(), inputs_.end(), output.tensor) != inputs_.end(),
        "output '", output.name, "' has no value");
  }
  (void)topological_order();
}

}  // namespace vireo::graph
