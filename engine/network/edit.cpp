// Handles to layers, and edits.

#include <algorithm>
#include <unordered_set>

#include "engine/graph/operator.h"
#include "engine/graph/pins.h"
#include "engine/network/notes.h"
#include "engine/ops/table.h"

namespace vireo {
using base::str;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;

namespace {

graph::Layer& living(graph::Graph* graph, LayerId id) {
  if (!graph) base::fail(ErrorCode::invalid_argument, "a handle that is no layer was asked for one");
  graph::Layer& layer = graph->layer(id);
  if (!layer.alive()) base::fail(ErrorCode::invalid_argument, "a handle to a removed layer was asked for it");
  return layer;
}

/// What a reader of an output sees: behind the cast of set_output_type.
TensorId output_of(const graph::Graph& graph, const network::Notes& notes, LayerId id, std::size_t index) {
  const auto cast = notes.casts.find({id, index});
  return cast == notes.casts.end() ? graph.layer(id).outputs[index] : graph.layer(cast->second).outputs[0];
}

}  // namespace

Network::Layer::operator bool() const noexcept { return graph_ && graph_->layer(id_).alive(); }
const std::string& Network::Layer::name() const { return living(graph_, id_).name; }
void Network::Layer::set_name(const std::string& name) { living(graph_, id_).name = name; }
std::string Network::Layer::op() const { return std::string(living(graph_, id_).op->name); }

std::vector<Network::Tensor> Network::Layer::inputs() const {
  std::vector<Tensor> list;
  for (const TensorId id : living(graph_, id_).inputs) list.push_back(notes_->handle(id));
  return list;
}

std::vector<Network::Tensor> Network::Layer::outputs() const {
  std::vector<Tensor> list;
  for (std::size_t k = 0; k < living(graph_, id_).outputs.size(); ++k)
    list.push_back(notes_->handle(output_of(*graph_, *notes_, id_, k)));
  return list;
}

std::map<std::string, AttributeValue> Network::Layer::attributes() const {
  const auto& all = living(graph_, id_).attributes.all();
  std::map<std::string, AttributeValue> list(all.begin(), all.end());
  list.erase(graph::kDevicePin);
  list.erase(graph::kPrecisionPin);
  return list;
}

void Network::Layer::set_attribute(const std::string& name, const AttributeValue& value) {
  living(graph_, id_).attributes.set(name, value);
  network::infer_again(*graph_);
}

void Network::Layer::set_input(std::size_t index, Tensor tensor) {
  const graph::Layer& layer = living(graph_, id_);
  std::string why;
  if (tensor.id != kNone) why = network::foreign(*graph_, *notes_, tensor);
  if (index > layer.inputs.size()) why = str("the layer has ", layer.inputs.size(), " inputs");
  if (!why.empty())
    return notes_->add(ErrorCode::invalid_argument,
                       str(layer.op->name, " '", layer.name, "': new input ", index, " ", why));
  if (index == layer.inputs.size()) graph_->add_layer_input(id_, tensor.id);
  else graph_->set_input(id_, static_cast<int>(index), tensor.id);
  network::infer_again(*graph_);
}

void Network::Layer::remove() {
  const std::size_t outputs = living(graph_, id_).outputs.size();
  for (std::size_t k = 0; k < outputs; ++k)
    if (const auto cast = notes_->casts.find({id_, k}); cast != notes_->casts.end()) {
      graph_->remove_layer(cast->second);
      notes_->casts.erase(cast);
    }
  graph_->remove_layer(id_);
}

void Network::Layer::set_precision(std::optional<Precision> precision) {
  graph::Layer& layer = living(graph_, id_);
  if (!precision) return layer.attributes.erase(graph::kPrecisionPin);
  if (*precision == Precision::int8 || *precision == Precision::best)
    return notes_->add(ErrorCode::unsupported, str(layer.op->name, " '", layer.name, "': precision ",
                                                   to_string(*precision), " of a layer; accepted: fp32, fp16, bf16"));
  layer.attributes.set(graph::kPrecisionPin, std::string(to_string(*precision)));
}

std::optional<Precision> Network::Layer::precision() const {
  const std::string pinned = living(graph_, id_).attributes.text(graph::kPrecisionPin, "");
  for (const Precision one : {Precision::fp32, Precision::fp16, Precision::bf16})
    if (pinned == to_string(one)) return one;
  return std::nullopt;
}

void Network::Layer::set_device(const std::string& device) {
  graph::Layer& layer = living(graph_, id_);
  if (device.empty()) return layer.attributes.erase(graph::kDevicePin);
  if (device != "cpu")
    return notes_->add(ErrorCode::unsupported, str(layer.op->name, " '", layer.name, "': pinned to '", device,
                                                   "'; accepted: cpu, or nothing for where the build decides"));
  layer.attributes.set(graph::kDevicePin, device);
}

std::string Network::Layer::device() const { return living(graph_, id_).attributes.text(graph::kDevicePin, ""); }

void Network::Layer::set_output_type(std::size_t index, DataType dtype) {
  const graph::Layer& layer = living(graph_, id_);
  const auto refuse = [&](const std::string& why) {
    notes_->add(ErrorCode::invalid_argument,
                str(layer.op->name, " '", layer.name, "': type of output ", index, ": ", why));
  };
  if (index >= layer.outputs.size()) return refuse(str("the layer has ", layer.outputs.size(), " outputs"));
  if (size_of(dtype) == 0) return refuse(str("it can't be ", dtype));
  const auto found = notes_->casts.find({id_, index});
  if (found != notes_->casts.end()) {
    graph_->layer(found->second).attributes.set("to", std::string(to_string(dtype)));
  } else {
    // The tensor that others know is the one behind the cast from now on.
    const TensorId seen = layer.outputs[index];
    const TensorId inner =
        graph_->add_tensor(graph_->unique_name(graph_->tensor(seen).name), graph_->tensor(seen).dtype);
    const std::string name = layer.name;
    graph_->set_output(id_, static_cast<int>(index), inner);
    graph::Attributes attributes;
    attributes.set("to", std::string(to_string(dtype)));
    notes_->casts[{id_, index}] = graph_->add_layer_into(*ops::find_operator("cast"), name + ".output type", {inner},
                                                         {seen}, std::move(attributes));
  }
  network::infer_again(*graph_);
}

void Network::rename(Tensor tensor, const std::string& name) {
  std::string why = network::foreign(*graph_, *notes_, tensor);
  if (why.empty() && name.empty()) why = "needs a name";
  const TensorId other = graph_->find_tensor(name);
  if (why.empty() && other != kNone && other != tensor.id) why = "can't have it: another tensor of the network has it";
  if (why.empty()) graph_->rename(tensor.id, name);
  else notes_->add(ErrorCode::invalid_argument, str("the tensor to be called '", name, "' ", why));
}

void Network::replace(Tensor from, Tensor to) {
  for (const auto& [tensor, what] : {std::pair(from, "to be replaced "), std::pair(to, "to take another's place ")})
    if (const std::string why = network::foreign(*graph_, *notes_, tensor); !why.empty())
      return notes_->add(ErrorCode::invalid_argument, str("the tensor ", what, why));
  if (from.id == to.id) return;
  std::unordered_set<LayerId> makers;
  std::vector<TensorId> open{to.id};
  while (!open.empty()) {
    const LayerId maker = graph_->tensor(open.back()).producer;
    open.pop_back();
    if (maker == kNone || !makers.insert(maker).second) continue;
    for (const TensorId input : graph_->layer(maker).inputs)
      if (input != kNone) open.push_back(input);
  }
  const std::vector<LayerId> readers = graph_->tensor(from.id).consumers;
  std::vector<std::pair<LayerId, int>> kept;
  for (const LayerId reader : readers) {
    const std::vector<TensorId>& inputs = graph_->layer(reader).inputs;
    for (std::size_t slot = 0; slot < inputs.size() && makers.contains(reader); ++slot)
      if (inputs[slot] == from.id) kept.emplace_back(reader, static_cast<int>(slot));
  }
  graph_->replace_uses(from.id, to.id);
  for (const auto& [reader, slot] : kept) graph_->set_input(reader, slot, from.id);
  network::infer_again(*graph_);
}

int Network::remove_unread() {
  int removed = 0;
  for (bool again = true; again;) {
    again = false;
    for (LayerId id = 0; id < graph_->layer_count(); ++id) {
      const graph::Layer& layer = graph_->layer(id);
      const auto read = [&](TensorId t) { return !graph_->tensor(t).consumers.empty() || graph_->is_output(t); };
      if (!layer.alive() || std::any_of(layer.outputs.begin(), layer.outputs.end(), read)) continue;
      std::erase_if(notes_->casts, [id](const auto& entry) { return entry.first.first == id || entry.second == id; });
      graph_->remove_layer(id);
      ++removed;
      again = true;
    }
  }
  return removed;
}

std::vector<std::string> Network::errors() const {
  std::vector<std::string> list;
  for (const Notes::Problem& problem : notes_->problems) list.push_back(problem.text);
  return list;
}

void Network::validate() const {
  std::vector<Notes::Problem> problems = network::problems_of(*graph_, *notes_);
  if (graph_->outputs().empty() && problems.empty())
    problems.push_back({ErrorCode::invalid_argument, "the network has no output; mark one"});
  network::raise(problems);
}

}  // namespace vireo
