#include "engine/graph/pins.h"

namespace vireo::graph {

bool is_pinned(const Attributes& attributes) { return attributes.has(kDevicePin) || attributes.has(kPrecisionPin); }

bool is_pinned_to_cpu(const Attributes& attributes) {
  return attributes.has(kDevicePin) && attributes.text(kDevicePin, "") == "cpu";
}

Precision permitted_precision(const Attributes& attributes, Precision asked) {
  if (!attributes.has(kPrecisionPin)) return asked;
  const std::string pinned = attributes.text(kPrecisionPin, "");
  for (const Precision one : {Precision::fp16, Precision::bf16})
    if (pinned == vireo::to_string(one) && (asked == one || asked == Precision::best)) return one;
  return Precision::fp32;
}

Pins::Pins(const Graph& graph) {
  for (LayerId id = 0; id < graph.layer_count(); ++id) {
    const Layer& layer = graph.layer(id);
    if (!layer.alive() || layer.outputs.empty() || !is_pinned(layer.attributes)) continue;
    pinned_.push_back({id, layer.outputs[0], layer.inputs.empty() ? kNone : layer.inputs[0],
                       layer.attributes.text(kDevicePin, ""), layer.attributes.text(kPrecisionPin, "")});
  }
}

void Pins::hand_on(Graph& graph) const {
  for (const Pinned& pinned : pinned_) {
    if (graph.layer(pinned.layer).alive()) continue;
    LayerId heir = graph.tensor(pinned.output).producer;
    if (heir == kNone && pinned.input != kNone) heir = graph.tensor(pinned.input).producer;
    if (heir == kNone) continue;
    Attributes& attributes = graph.layer(heir).attributes;
    if (!pinned.device.empty() && !attributes.has(kDevicePin)) attributes.set(kDevicePin, pinned.device);
    if (!pinned.precision.empty() && !attributes.has(kPrecisionPin)) attributes.set(kPrecisionPin, pinned.precision);
  }
}

}  // namespace vireo::graph
