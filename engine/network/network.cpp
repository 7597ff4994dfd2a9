// vireo::Network: what goes in and comes out, and looking through it.

#include "engine/api/network.h"

#include <algorithm>
#include <functional>

#include "engine/graph/operator.h"
#include "engine/network/notes.h"
#include "engine/plan/plan_state.h"

namespace vireo {
using base::str;
using graph::kNone;

NetworkLayers::NetworkLayers(std::unique_ptr<graph::Graph> graph)
    : graph_(std::move(graph)), notes_(std::make_unique<Notes>()) {}
NetworkLayers::NetworkLayers(NetworkLayers&&) noexcept = default;
NetworkLayers& NetworkLayers::operator=(NetworkLayers&&) noexcept = default;
NetworkLayers::~NetworkLayers() = default;

Network::Network() : NetworkLayers(std::make_unique<graph::Graph>()) {}
Network::Network(std::unique_ptr<graph::Graph> graph) : NetworkLayers(std::move(graph)) {}
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

Network Network::clone() const {
  Network copy(std::make_unique<graph::Graph>(*graph_));
  *copy.notes_ = *notes_;
  return copy;
}

namespace {

/// Why a tensor can't be made under this name; empty where it can.
std::string refuse_name(const graph::Graph& g, const std::string& name) {
  if (name.empty()) return "a tensor needs a name";
  if (g.find_tensor(name) != kNone) return str("the network has a tensor '", name, "' already");
  return "";
}

std::string refuse_input(DataType dtype, const Dims& dims, const std::vector<std::string>& symbols) {
  if (size_of(dtype) == 0) return str("it can't be ", dtype);
  for (const std::int64_t extent : dims)
    if (extent < kUnknown) return str("it has the extent ", extent, "; accepted: 0 or more, or -1 where unknown");
  if (!symbols.empty() && symbols.size() != dims.size())
    return str("it has ", symbols.size(), " names for ", dims.size(), " extents");
  return "";
}

/// Under a name that nobody has, so that what reads it is not reported too.
network::Tensor failed_tensor(graph::Graph& g, network::Notes& notes, const std::string& name) {
  const graph::TensorId id = g.add_tensor(g.unique_name(name + ":failed"));
  notes.failed.insert(id);
  return notes.handle(id);
}

network::Tensor add_value(graph::Graph& g, network::Notes& notes, const std::string& name, DataType dtype,
                          const Dims& dims, std::size_t bytes, const std::function<graph::ConstantPtr()>& make) {
  std::string why = refuse_name(g, name);
  try {
    if (why.empty() && size_of(dtype) == 0) why = str("it can't be ", dtype);
    const std::size_t wanted = why.empty() ? byte_count(dtype, dims) : 0;
    if (why.empty() && wanted != bytes) why = str(dims, " ", dtype, " takes ", wanted, " bytes, got ", bytes);
    if (why.empty()) return notes.handle(g.add_constant(name, make()));
  } catch (const Error& error) {
    why = error.what();
  }
  notes.add(ErrorCode::invalid_argument, str("constant '", name, "': ", why));
  return failed_tensor(g, notes, name);
}

}  // namespace

Network::Tensor Network::add_input(const std::string& name, DataType dtype, const Dims& dims,
                                   const std::vector<std::string>& symbols) {
  std::string why = refuse_name(*graph_, name);
  if (why.empty()) why = refuse_input(dtype, dims, symbols);
  if (why.empty()) return notes_->handle(graph_->add_input(name, dtype, dims, symbols));
  notes_->add(ErrorCode::invalid_argument, str("input '", name, "': ", why));
  return failed_tensor(*graph_, *notes_, name);
}

Network::Tensor Network::add_constant(const std::string& name, DataType dtype, const Dims& dims, const void* data,
                                      std::size_t bytes) {
  return add_value(*graph_, *notes_, name, dtype, dims, bytes,
                   [&] { return graph::make_constant(dtype, dims, data, bytes); });
}

Network::Tensor Network::borrow_constant(const std::string& name, DataType dtype, const Dims& dims, const void* data,
                                         std::size_t bytes) {
  // Nobody owns it: plan::finish() knows it by that.
  return share_constant(name, dtype, dims, std::shared_ptr<const void>(std::shared_ptr<const void>(), data), bytes);
}

Network::Tensor Network::share_constant(const std::string& name, DataType dtype, const Dims& dims,
                                        std::shared_ptr<const void> data, std::size_t bytes) {
  return add_value(*graph_, *notes_, name, dtype, dims, bytes, [&]() -> graph::ConstantPtr {
    if (bytes == 0) return graph::make_constant(dtype, dims, nullptr, 0);
    if (!data) base::fail(ErrorCode::invalid_argument, "its data are missing");
    std::shared_ptr<const std::byte> of_bytes(data, static_cast<const std::byte*>(data.get()));
    return std::make_shared<graph::Constant>(graph::Constant{dtype, dims, std::move(of_bytes), {}});
  });
}

void Network::mark_output(Tensor tensor, const std::string& name) {
  std::string why = network::foreign(*graph_, *notes_, tensor);
  if (why.empty() && notes_->failed.contains(tensor.id)) return;  // that was reported
  const std::string public_name = !name.empty() || !why.empty() ? name : graph_->tensor(tensor.id).name;
  const auto taken = [&](graph::TensorId by, const char* as) {
    if (by != tensor.id)
      why = str("the network has an ", as, " of this name already, which is another tensor; one name is one buffer");
  };
  for (const graph::TensorId id : graph_->inputs())
    if (graph_->tensor(id).name == public_name) taken(id, "input");
  for (const graph::Graph::Output& output : graph_->outputs())
    if (output.name == public_name) taken(output.tensor, "output");
  if (why.empty()) graph_->mark_output(tensor.id, public_name);
  else notes_->add(ErrorCode::invalid_argument, str("output '", public_name, "': ", why));
}

void Network::unmark_output(Tensor tensor) {
  for (std::size_t k = graph_->outputs().size(); k-- > 0;)
    if (graph_->outputs()[k].tensor == tensor.id) graph_->unmark_output(k);
}

void Network::unmark_output(const std::string& name) {
  for (std::size_t k = graph_->outputs().size(); k-- > 0;)
    if (graph_->outputs()[k].name == name) graph_->unmark_output(k);
}

std::vector<TensorInfo> Network::inputs() const { return plan::input_info(*graph_); }
std::vector<TensorInfo> Network::outputs() const { return plan::output_info(*graph_); }
const std::map<std::string, std::string>& Network::metadata() const { return graph_->metadata; }
void Network::set_metadata(const std::string& key, const std::string& value) { graph_->metadata[key] = value; }

std::vector<Network::Layer> Network::layers() {
  std::vector<Layer> list;
  for (graph::LayerId id = 0; id < graph_->layer_count(); ++id)
    if (graph_->layer(id).alive()) list.push_back({graph_.get(), notes_.get(), id});
  return list;
}

std::vector<Network::Tensor> Network::tensors() const {
  std::vector<Tensor> list;
  for (graph::TensorId id = 0; id < graph_->tensor_count(); ++id) {
    const graph::Tensor& t = graph_->tensor(id);
    if (t.is_input || t.constant || t.producer != kNone) list.push_back(notes_->handle(id));
  }
  return list;
}

Network::Tensor Network::find_tensor(std::string_view name) const { return notes_->handle(graph_->find_tensor(name)); }

Network::Layer Network::find_layer(std::string_view name) {
  for (graph::LayerId id = 0; id < graph_->layer_count(); ++id)
    if (graph_->layer(id).alive() && graph_->layer(id).name == name) return {graph_.get(), notes_.get(), id};
  return {};
}

namespace {
const graph::Tensor& known(const graph::Graph& g, const network::Notes& notes, network::Tensor tensor) {
  const std::string why = network::foreign(g, notes, tensor);
  if (!why.empty()) base::fail(ErrorCode::invalid_argument, "the tensor that is asked for ", why);
  return g.tensor(tensor.id);
}
}  // namespace

Network::Layer Network::layer_of(Tensor tensor) {
  const graph::LayerId producer = known(*graph_, *notes_, tensor).producer;
  if (producer == kNone) return {};
  for (const auto& [of, cast] : notes_->casts)
    if (cast == producer) return {graph_.get(), notes_.get(), of.first};
  return {graph_.get(), notes_.get(), producer};
}

std::vector<Network::Layer> Network::readers_of(Tensor tensor) {
  std::vector<Layer> list;
  for (const graph::LayerId id : known(*graph_, *notes_, tensor).consumers) {
    const Layer layer(graph_.get(), notes_.get(), id);
    if (std::find(list.begin(), list.end(), layer) == list.end()) list.push_back(layer);
  }
  return list;
}

TensorInfo Network::info(Tensor tensor) const {
  const graph::Tensor& t = known(*graph_, *notes_, tensor);
  TensorInfo info{t.name, t.dtype, t.dims, t.symbols};
  info.symbols.resize(t.dims.size());
  return info;
}

std::span<const std::byte> Network::constant(Tensor tensor) const {
  const graph::Tensor& t = known(*graph_, *notes_, tensor);
  if (!t.constant) return {};
  return {t.constant->read(), t.constant->bytes()};
}

}  // namespace vireo
