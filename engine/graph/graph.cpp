#include "engine/graph/graph.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {
using base::fail;

namespace {
/// From the end: layers that come and go (those folded while importing) are the last readers.
void drop_one(std::vector<LayerId>& consumers, LayerId layer) {
  const auto it = std::find(consumers.rbegin(), consumers.rend(), layer);
  if (it != consumers.rend()) consumers.erase(std::next(it).base());
}
}  // namespace

Graph::Graph() = default;
Graph::Graph(const Graph& other) = default;
Graph::Graph(Graph&& other) noexcept = default;
Graph& Graph::operator=(const Graph& other) = default;
Graph& Graph::operator=(Graph&& other) noexcept = default;
Graph::~Graph() = default;

void Graph::fail_id(std::int32_t id, std::size_t count, const char* what) {
  fail(ErrorCode::internal, "the graph has no ", what, " ", id, "; there are ", count);
}

/// unique_name() appends '~' and a number, larger than that of any existing name.
void Graph::note_name(std::string_view tensor_name) {
  const std::size_t mark = tensor_name.rfind('~');
  if (mark == std::string_view::npos) return;
  const std::string_view digits = tensor_name.substr(mark + 1);
  constexpr std::size_t kMostDigits = 15;  // more than are ever used
  std::int64_t number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (result.ec != std::errc() || result.ptr != digits.data() + digits.size() || digits.size() > kMostDigits) return;
  next_name_ = std::max(next_name_, number + 1);
}

void Graph::rename(TensorId id, std::string tensor_name) {
  note_name(tensor_name);
  tensor(id).name = std::move(tensor_name);
}

TensorId Graph::add_tensor(std::string tensor_name, DataType dtype) {
  note_name(tensor_name);
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
  t.is_input = true;
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
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (outputs[k] == kNone) {
      outputs[k] = add_tensor(unique_name("unused"));
      continue;
    }
    const Tensor& t = tensor(outputs[k]);
    if (t.producer != kNone || t.constant ||
        std::count(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(k), outputs[k]))
      fail(ErrorCode::invalid_model, "layer '", layer_name, "' writes '", t.name, "', which has a value already");
    if (t.is_input)
      fail(ErrorCode::invalid_model, "layer '", layer_name, "' writes the network's input '", t.name, "'");
  }
  for (TensorId input : inputs)
    if (input != kNone) (void)tensor(input);  // throws before anything is changed
  for (TensorId input : inputs)
    if (input != kNone) tensor(input).consumers.push_back(id);
  for (TensorId output : outputs) tensor(output).producer = id;
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
  ++tensor(id).output_uses;
  outputs_.push_back({id, std::move(output_name)});
}

void Graph::unmark_output(std::size_t index) {
  if (index >= outputs_.size())
    fail(ErrorCode::internal, "the graph has no output ", index, "; it has ", outputs_.size());
  --tensor(outputs_[index].tensor).output_uses;
  outputs_.erase(outputs_.begin() + static_cast<std::ptrdiff_t>(index));
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

namespace {
TensorId& slot_of(std::vector<TensorId>& ids, int slot, const Layer& l, const char* what) {
  if (slot < 0 || static_cast<std::size_t>(slot) >= ids.size())
    fail(ErrorCode::internal, "layer '", l.name, "' has no ", what, " ", slot, "; it has ", ids.size());
  return ids[static_cast<std::size_t>(slot)];
}
}  // namespace

void Graph::set_input(LayerId id, int slot, TensorId to) {
  TensorId& current = slot_of(layer(id).inputs, slot, layer(id), "input");
  if (to != kNone) tensor(to).consumers.push_back(id);
  if (current != kNone) drop_one(tensor(current).consumers, id);
  current = to;
}

void Graph::add_layer_input(LayerId id, TensorId to) {
  if (to != kNone) tensor(to).consumers.push_back(id);
  layer(id).inputs.push_back(to);
}

void Graph::replace_uses(TensorId from, TensorId to) {
  if (from == to) return;
  Tensor& source = tensor(from);
  Tensor& target = tensor(to);
  for (LayerId consumer : source.consumers)
    for (TensorId& input : layer(consumer).inputs)
      if (input == from) {
        input = to;
        target.consumers.push_back(consumer);
      }
  source.consumers.clear();
  if (source.output_uses > 0)
    for (Output& output : outputs_)
      if (output.tensor == from) output.tensor = to;
  target.output_uses += std::exchange(source.output_uses, 0);
  if (source.origin.tensor != kNone) target.origin = source.origin;  // it has these elements from now on
}

void Graph::set_output(LayerId id, int slot, TensorId to) {
  if (tensor(to).producer != kNone || tensor(to).constant)
    fail(ErrorCode::internal, "set_output: tensor '", tensor(to).name, "' has a value already");
  TensorId& current = slot_of(layer(id).outputs, slot, layer(id), "output");
  tensor(current).producer = kNone;
  current = to;
  tensor(to).producer = id;
}

void Graph::remove_layer(LayerId id) {
  Layer& l = layer(id);
  for (TensorId input : l.inputs)
    if (input != kNone) drop_one(tensor(input).consumers, id);
  for (TensorId output : l.outputs) tensor(output).producer = kNone;
  l = Layer{};
}

void Graph::make_constant(TensorId id, ConstantPtr constant) {
  if (const LayerId producer = tensor(id).producer; producer != kNone) {
    const TensorId unused = add_tensor(unique_name("unused"));
    std::vector<TensorId>& outputs = layer(producer).outputs;
    *std::find(outputs.begin(), outputs.end(), id) = unused;
    tensor(unused).producer = producer;
  }
  Tensor& t = tensor(id);
  t.producer = kNone;
  t.dtype = constant->dtype;
  t.dims = constant->dims;
  t.ranked = true;
  t.constant = std::move(constant);
}

void Graph::compact() {
  std::vector<char> used(tensors_.size(), 0);
  const auto use = [&](TensorId id) { used[checked(id, tensors_.size(), "tensor")] = 1; };
  for (TensorId id : inputs_) use(id);
  for (const Output& output : outputs_) use(output.tensor);
  for (const Layer& l : layers_) {
    for (TensorId id : l.inputs)
      if (id != kNone) use(id);
    for (TensorId id : l.outputs) use(id);
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

std::string Graph::unique_name(std::string_view base_name) { return base::str(base_name, "~", next_name_++); }

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
    text += base::str(t.ranked ? vireo::to_string(t.dims) : std::string("unknown shape"), " ", t.dtype);
  }
  return text + ")";
}

}  // namespace vireo::graph
