#include "engine/graph/extract.h"

namespace vireo::graph {

void Extract::input(TensorId t, const std::string& name) {
  TensorId& copy = map_[static_cast<std::size_t>(t)];
  copy = to_.add_input(name, from_.tensor(t).dtype, from_.tensor(t).dims);
  to_.tensor(copy).ranked = from_.tensor(t).ranked;
  to_.tensor(copy).origin = from_.tensor(t).origin;
}

TensorId Extract::tensor(TensorId t) {
  if (t == kNone) return kNone;
  TensorId& copy = map_[static_cast<std::size_t>(t)];
  if (copy != kNone) return copy;
  const Tensor& original = from_.tensor(t);
  copy = original.constant ? to_.add_constant(original.name, original.constant)
                           : to_.add_tensor(original.name, original.dtype);
  to_.tensor(copy).origin = original.origin;
  return copy;
}

void Extract::layer(LayerId id) {
  const Layer& l = from_.layer(id);
  std::vector<TensorId> inputs, outputs;
  for (TensorId t : l.inputs) inputs.push_back(tensor(t));
  for (TensorId t : l.outputs) outputs.push_back(tensor(t));
  to_.add_layer_into(*l.op, l.name, inputs, outputs, l.attributes);
}

}  // namespace vireo::graph
