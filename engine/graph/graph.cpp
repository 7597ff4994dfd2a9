#include "engine/graph/graph.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {
using base::fail;

namespace {
void drop_one(std::vector<LayerId>& consumers, LayerId layer) {
  const auto it = std::find(consumers.begin(), consumers.end(), layer);
  if (it != consumers.end()) consumers.erase(it);
}
}  // namespace

TensorId Graph::add_tensor(std::string tensor_name, DataType dtype) {
  tensors_.emplace_back();
  tensors_.back().name = std::move(tensor_name);
  tensors_.back().dtype = dtype;
  return tensor_count() - 1;
}

TensorId Graph::add_input(std::string tensor_name, DataType dtype, Dims dims, std::vector<std::string> symbols) {
  const TensorId id = add_tensor(std::move(tensor_name), dtype);
  Tensor& t = tensor(id);
  t.ranked = true;
  symbols.resize(dims.size());
  t.dims = std::move(dims);
  t.symbols = std::move(symbols);
  inputs_.push_back(id);
  return id;
}

TensorId Graph::add_constant(std::string tensor_name, ConstantPtr constant) {
  const TensorId id = add_tensor(std::move(tensor_name));
  make_constant(id, std::move(constant));
  return id;
}

LayerId Graph::add_layer_into(const Operator& op, std::string layer_name, std::vector<TensorId> inputs,
                              std::vector<TensorId> outputs, Attributes attributes) {
  const LayerId id = layer_count();
  for (TensorId input : inputs) {
    if (input == kNone) continue;
    if (input < 0 || input >= tensor_count())
      fail(ErrorCode::internal, "layer '", layer_name, "' reads tensor ", input);
    tensor(input).consumers.push_back(id);
  }
  for (TensorId output : outputs) {
    Tensor& t = tensor(output);
    if (t.producer != kNone || t.constant)
      fail(ErrorCode::invalid_model, "layer '", layer_name, "' writes '", t.name, "', which has a value already");
    if (std::find(inputs_.begin(), inputs_.end(), output) != inputs_.end())
      fail(ErrorCode::invalid_model, "layer '", layer_name, "' writes the network's input '", t.name, "'");
    t.producer = id;
  }
  layers_.push_back({std::move(layer_name), &op, std::move(inputs), std::move(outputs), std::move(attributes)});
  return id;
}

LayerId Graph::add_layer(const Operator& op, std::string layer_name, std::vector<TensorId> inputs,
                         Attributes attributes, int outputs) {
  if (layer_name.empty()) layer_name = unique_name(op.name);
  std::vector<TensorId> outs;
  for (int k = 0; k < outputs; ++k)
    outs.push_back(add_tensor(unique_name(outputs == 1 ? layer_name + ":out" : base::str(layer_name, ":", k))));
  const LayerId id =
      add_layer_into(op, std::move(layer_name), std::move(inputs), std::move(outs), std::move(attributes));
  infer(id);
  return id;
}

void Graph::mark_output(TensorId id, std::string output_name) {
  if (output_name.empty()) output_name = tensor(id).name;
  outputs_.push_back({id, std::move(output_name)});
}

bool Graph::is_output(TensorId id) const {
  return std::any_of(outputs_.begin(), outputs_.end(), [id](const Output& o) { return o.tensor == id; });
}

TensorId Graph::find_tensor(std::string_view tensor_name) const {
  for (TensorId id = 0; id < tensor_count(); ++id)
    if (tensor(id).name == tensor_name) return id;
  return kNone;
}

std::vector<LayerId> Graph::topological_order() const {
  std::vector<int> waiting(layers_.size(), 0);
  std::vector<LayerId> order, ready;
  std::size_t alive = 0;
  for (LayerId id = 0; id < layer_count(); ++id) {
    const Layer& l = layer(id);
    if (!l.alive()) continue;
    ++alive;
    for (TensorId input : l.inputs)
      if (input != kNone && tensor(input).producer != kNone) ++waiting[static_cast<std::size_t>(id)];
    if (waiting[static_cast<std::size_t>(id)] == 0) ready.push_back(id);
  }
  // Depth first from the first ready layer: a branch is finished before the next one starts, which keeps few tensors
  // alive.
  std::reverse(ready.begin(), ready.end());
  while (!ready.empty()) {
    const LayerId id = ready.back();
    ready.pop_back();
    order.push_back(id);
    std::vector<LayerId> next;
    for (TensorId output : layer(id).outputs) {
      if (output == kNone) continue;
      for (LayerId consumer : tensor(output).consumers)
        if (--waiting[static_cast<std::size_t>(consumer)] == 0) next.push_back(consumer);
    }
    std::sort(next.begin(), next.end(), std::greater<>());
    ready.insert(ready.end(), next.begin(), next.end());
  }
  if (order.size() != alive) {
    for (LayerId id = 0; id < layer_count(); ++id)
      if (layer(id).alive() && waiting[static_cast<std::size_t>(id)] > 0)
        fail(ErrorCode::invalid_model, describe(*this, id), ": the network has a cycle through this layer");
  }
  return order;
}

void Graph::set_input(LayerId id, int slot, TensorId to) {
  TensorId& current = layer(id).inputs[static_cast<std::size_t>(slot)];
  if (current != kNone) drop_one(tensor(current).consumers, id);
  current = to;
  if (to != kNone) tensor(to).consumers.push_back(id);
}

void Graph::add_layer_input(LayerId id, TensorId to) {
  layer(id).inputs.push_back(to);
  if (to != kNone) tensor(to).consumers.push_back(id);
}

void Graph::replace_uses(TensorId from, TensorId to) {
  if (from == to) return;
  const std::vector<LayerId> consumers = tensor(from).consumers;
  for (LayerId consumer : consumers)
    for (TensorId& input : layer(consumer).inputs)
      if (input == from) {
        input = to;
        tensor(to).consumers.push_back(consumer);
      }
  tensor(from).consumers.clear();
  for (Output& output : outputs_)
    if (output.tensor == from) output.tensor = to;
}

void Graph::set_output(LayerId id, int slot, TensorId to) {
  if (tensor(to).producer != kNone || tensor(to).constant)
    fail(ErrorCode::internal, "set_output: tensor '", tensor(to).name, "' has a value already");
  TensorId& current = layer(id).outputs[static_cast<std::size_t>(slot)];
  if (current != kNone) tensor(current).producer = kNone;
  current = to;
  tensor(to).producer = id;
}

void Graph::remove_layer(LayerId id) {
  Layer& l = layer(id);
  for (TensorId input : l.inputs)
    if (input != kNone) drop_one(tensor(input).consumers, id);
  for (TensorId output : l.outputs)
    if (output != kNone) tensor(output).producer = kNone;
  l = Layer{};
}

void Graph::make_constant(TensorId id, ConstantPtr constant) {
  Tensor& t = tensor(id);
  if (t.producer != kNone)
    for (TensorId& output : layer(t.producer).outputs)
      if (output == id) output = kNone;
  t.producer = kNone;
  t.dtype = constant->dtype;
  t.dims = constant->dims;
  t.ranked = true;
  t.constant = std::move(constant);
}

void Graph::compact() {
  std::vector<char> used(tensors_.size(), 0);
  for (TensorId id : inputs_) used[static_cast<std::size_t>(id)] = 1;
  for (const Output& output : outputs_) used[static_cast<std::size_t>(output.tensor)] = 1;
  for (const Layer& l : layers_) {
    for (TensorId id : l.inputs)
      if (id != kNone) used[static_cast<std::size_t>(id)] = 1;
    for (TensorId id : l.outputs)
      if (id != kNone) used[static_cast<std::size_t>(id)] = 1;
  }
  std::vector<TensorId> tensor_map(tensors_.size(), kNone);
  std::vector<LayerId> layer_map(layers_.size(), kNone);
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    if (used[i]) {
      tensor_map[i] = static_cast<TensorId>(tensors.size());
      tensors.push_back(std::move(tensors_[i]));
    }
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    if (layers_[i].alive()) {
      layer_map[i] = static_cast<LayerId>(layers.size());
      layers.push_back(std::move(layers_[i]));
    }
  const auto renumber = [](auto& ids, const auto& map) {
    for (auto& id : ids)
      if (id != kNone) id = map[static_cast<std::size_t>(id)];
  };
  for (Tensor& t : tensors) {
    if (t.producer != kNone) t.producer = layer_map[static_cast<std::size_t>(t.producer)];
    renumber(t.consumers, layer_map);
  }
  for (Layer& l : layers) {
    renumber(l.inputs, tensor_map);
    renumber(l.outputs, tensor_map);
  }
  renumber(inputs_, tensor_map);
  for (Output& output : outputs_) output.tensor = tensor_map[static_cast<std::size_t>(output.tensor)];
  tensors_ = std::move(tensors);
  layers_ = std::move(layers);
}

std::string Graph::unique_name(std::string_view base_name) {
  // The separator is one that exporters don't use; a graph read back from text may hold such names already.
  std::string unique;
  do unique = base::str(base_name, "~", next_name_++);
  while (find_tensor(unique) != kNone);
  return unique;
}

std::string describe(const Graph& graph, LayerId id) {
  const Layer& l = graph.layer(id);
  std::string text = base::str(l.op ? l.op->name : "removed layer", " '", l.name, "' (");
  bool first = true;
  for (TensorId input : l.inputs) {
    if (!first) text += ", ";
    first = false;
    if (input == kNone) {
      text += "-";
      continue;
    }
    const Tensor& t = graph.tensor(input);
    text += base::str(t.ranked ? to_string(t.dims) : std::string("unknown shape"), " ", t.dtype);
  }
  return text + ")";
}

}  // namespace vireo::graph
