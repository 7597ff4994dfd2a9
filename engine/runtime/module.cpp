#include "engine/runtime/module.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/compile/limits.h"
#include "engine/graph/operator.h"

namespace vireo::runtime {
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::Tensor;
using graph::TensorId;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Which layers can run before any shape that depends on data is needed. by_value: everything that the layer reads is
/// there, and its output's shape depends on values of it, or which layers it stands for does. rest: behind one of those
/// or a data-dependent layer.
enum class When : char { head, data_dependent, by_value, rest };

std::vector<When> schedule(const Graph& g) {
  std::vector<When> when(index(g.layer_count()), When::rest);
  for (LayerId id : g.topological_order()) {
    const Layer& l = g.layer(id);
    const bool inputs_known = std::all_of(l.inputs.begin(), l.inputs.end(), [&](TensorId t) {
      return t == kNone || g.tensor(t).producer == kNone || when[index(g.tensor(t).producer)] == When::head;
    });
    if (!inputs_known) continue;
    const bool known = std::all_of(l.outputs.begin(), l.outputs.end(),
                                   [&](TensorId t) { return t == kNone || g.tensor(t).is_static(); });
    when[index(id)] = l.op->data_dependent_axis ? When::data_dependent
                      : known && !l.op->body    ? When::head
                                                : When::by_value;
  }
  return when;
}

/// What a shape may depend on: a target of a reshape, the limits of a range, the scales of a resize. Data that happen
/// to be so few are taken for such too, which costs a compilation for each new value, but nothing else.
bool decides_shapes(const Tensor& t) {
  const bool counts = is_integer(t.dtype) || t.dtype == DataType::boolean;
  return !t.constant && (counts || t.dims.size() <= 1) && element_count(t.dims) <= 64;
}

/// Copies tensors and layers of one graph into another.
class Extract {
 public:
  Extract(const Graph& from, Graph& to) : from_(from), to_(to), map_(index(from.tensor_count()), kNone) {}
  void input(TensorId t, const std::string& name) {
    map_[index(t)] = to_.add_input(name, from_.tensor(t).dtype, from_.tensor(t).dims);
    to_.tensor(map_[index(t)]).origin = from_.tensor(t).origin;
  }
  TensorId tensor(TensorId t) {
    if (t == kNone) return kNone;
    TensorId& copy = map_[index(t)];
    if (copy != kNone) return copy;
    const Tensor& original = from_.tensor(t);
    copy = original.constant ? to_.add_constant(original.name, original.constant)
                             : to_.add_tensor(original.name, original.dtype);
    to_.tensor(copy).origin = original.origin;
    return copy;
  }
  void layer(LayerId id) {
    const Layer& l = from_.layer(id);
    std::vector<TensorId> inputs, outputs;
    for (TensorId t : l.inputs) inputs.push_back(tensor(t));
    for (TensorId t : l.outputs) outputs.push_back(tensor(t));
    to_.add_layer_into(*l.op, l.name, inputs, outputs, l.attributes);
  }

 private:
  const Graph& from_;
  Graph& to_;
  std::vector<TensorId> map_;
};

device::Binding binding_of(const Tensor& t, const std::string& name, bool output) {
  device::Binding binding;
  binding.info.name = name;
  binding.info.dtype = t.dtype;
  binding.info.dims = t.ranked ? t.dims : Dims{kUnknown};
  binding.info.symbols.resize(binding.info.dims.size());
  binding.bytes = t.is_static() ? byte_count(t.dtype, t.dims) : 0;
  binding.output = output;
  return binding;
}

}  // namespace

/// Takes a network apart into head, data-dependent layers and rest.
class Module::Splitter {
 public:
  Splitter(const Graph& g, std::vector<When> when) : g_(g), when_(std::move(when)) {}

  void run(Module& module) {
    find_boundary();
    module.program_ =
        std::make_shared<const device::Program>(compile::compile(head(module.places_), module.settings_.options));
    module.continuation_ = std::make_unique<Continuation>();
    rest(*module.continuation_, module.settings_.options.limits);
  }

 private:
  [[nodiscard]] bool of_head(TensorId t) const {
    const LayerId producer = g_.tensor(t).producer;
    return producer == kNone || when_[index(producer)] == When::head;
  }

  /// Tensors that are there once the head has run and that the rest reads, network inputs among them.
  void find_boundary() {
    boundary_.assign(index(g_.tensor_count()), 0);
    for (LayerId id = 0; id < g_.layer_count(); ++id) {
      if (!g_.layer(id).alive() || when_[index(id)] == When::head) continue;
      for (TensorId t : g_.layer(id).inputs)
        if (t != kNone && !g_.tensor(t).constant && of_head(t)) boundary_[index(t)] = 1;
    }
  }

  /// Its outputs: the visible ones that it makes, then what else crosses.
  Graph head(std::vector<int>& places) {
    Graph head;
    Extract extract(g_, head);
    binding_.assign(index(g_.tensor_count()), -1);
    for (TensorId t : g_.inputs()) {
      places.push_back(static_cast<int>(places.size()));
      binding_[index(t)] = places.back();
      extract.input(t, g_.tensor(t).name);
    }
    for (LayerId id : g_.topological_order())
      if (when_[index(id)] == When::head) extract.layer(id);
    head.infer_all();
    const auto mark = [&](TensorId t, const std::string& name) {
      const int binding = static_cast<int>(head.inputs().size() + head.outputs().size());
      if (binding_[index(t)] < 0) binding_[index(t)] = binding;
      head.mark_output(extract.tensor(t), name);
      return binding;
    };
    int of_rest = 0;
    for (const Graph::Output& output : g_.outputs())
      places.push_back(of_head(output.tensor) ? mark(output.tensor, output.name) : -1 - of_rest++);
    for (TensorId t = 0; t < g_.tensor_count(); ++t)
      if (boundary_[index(t)] && binding_[index(t)] < 0) (void)mark(t, g_.tensor(t).name);
    return head;
  }

  void rest(Continuation& continuation, const Limits& limits) {
    Extract extract(g_, continuation.rest);
    // Shapes are given by name, and names in the network need not differ.
    const auto add_input = [&](TensorId t, const ContinuationInput& input) {
      extract.input(t, base::str(g_.tensor(t).name, "#", continuation.inputs.size()));
      continuation.inputs.push_back(input);
    };
    const std::vector<char> by_value = deciding();
    for (TensorId t = 0; t < g_.tensor_count(); ++t)
      if (boundary_[index(t)]) add_input(t, {.head_binding = binding_[index(t)], .by_value = by_value[index(t)] != 0});
    for (LayerId id : g_.topological_order()) {
      const TensorId out = when_[index(id)] == When::data_dependent ? g_.layer(id).outputs[0] : kNone;
      if (out == kNone) continue;
      add_input(out, {.data_dependent_layer = static_cast<int>(continuation.layers.size())});
      continuation.layers.push_back(data_dependent_layer(id, g_.bound_dims(id), continuation));
      compile::check_tensor(continuation.layers.back().dtype, continuation.layers.back().bound, graph::describe(g_, id),
                            limits);
    }
    for (LayerId id : g_.topological_order())
      if (when_[index(id)] == When::rest || when_[index(id)] == When::by_value) extract.layer(id);
    for (const Graph::Output& output : g_.outputs())
      if (!of_head(output.tensor)) continuation.rest.mark_output(extract.tensor(output.tensor), output.name);
  }

  /// Tensors of the boundary that the rest is compiled for the values of.
  [[nodiscard]] std::vector<char> deciding() const {
    std::vector<char> list(index(g_.tensor_count()), 0);
    for (LayerId id = 0; id < g_.layer_count(); ++id) {
      if (!g_.layer(id).alive() || when_[index(id)] != When::by_value) continue;
      bool any = false;
      const std::vector<TensorId>& inputs = g_.layer(id).inputs;
      if (g_.layer(id).op->body) {  // its condition alone
        list[index(inputs[0])] = 1;
        continue;
      }
      for (TensorId t : inputs)
        if (t != kNone && decides_shapes(g_.tensor(t))) list[index(t)] = any = true;
      if (!any) base::fail(ErrorCode::unsupported, graph::describe(g_, id), ": the shape of its output can't be known");
    }
    return list;
  }

  DataDependentLayer data_dependent_layer(LayerId id, Dims bound, Continuation& continuation) const {
    const Layer& l = g_.layer(id);
    DataDependentLayer made{l.op, l.name, l.attributes, {}, {}, g_.tensor(l.outputs[0]).dtype, std::move(bound)};
    for (TensorId t : l.inputs) {
      const Tensor* tensor = t == kNone ? nullptr : &g_.tensor(t);
      graph::View& view = made.inputs.emplace_back();
      if (tensor) view = {tensor->dtype, tensor->dims, nullptr};
      if (tensor && tensor->constant) {
        continuation.constants.push_back(tensor->constant);
        view.data = const_cast<std::byte*>(tensor->constant->read());
      }
      made.sources.push_back(tensor && !tensor->constant ? binding_[index(t)] : -1);
    }
    return made;
  }

  const Graph& g_;
  std::vector<When> when_;
  std::vector<char> boundary_;
  std::vector<int> binding_;  ///< of the head, by tensor; -1: none
};

Module::Module(const Graph& graph, const Shapes& shapes, CompileSettings settings) : settings_(std::move(settings)) {
  const Graph g = specialise(graph, shapes, settings_.options);
  for (TensorId id : g.inputs()) bindings_.push_back(binding_of(g.tensor(id), g.tensor(id).name, false));
  for (const Graph::Output& output : g.outputs())
    bindings_.push_back(binding_of(g.tensor(output.tensor), output.name, true));
  std::vector<When> when = schedule(g);
  bool split = false;
  for (LayerId id = 0; id < g.layer_count(); ++id) split |= g.layer(id).alive() && when[index(id)] != When::head;
  if (split) {
    Splitter(g, std::move(when)).run(*this);
    return;
  }
  program_ = std::make_shared<const device::Program>(compile::compile(g, settings_.options));
  for (std::size_t k = 0; k < bindings_.size(); ++k) places_.push_back(static_cast<int>(k));
}

std::shared_ptr<const Module> Module::continuation_for(const Shapes& shapes, std::span<const Bound> inputs) const {
  const std::lock_guard lock(continuation_->mutex);
  std::string values;
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (continuation_->inputs[k].by_value) values.append(static_cast<const char*>(inputs[k].data), inputs[k].bytes);
  auto& compiled = continuation_->compiled;
  for (Continuation::Compiled& c : compiled)
    if (c.shapes == shapes && c.values == values) {
      c.last_use = ++continuation_->uses;
      return c.module;
    }
  Graph rest = continuation_->rest;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!continuation_->inputs[k].by_value) continue;
    const TensorId input = rest.inputs()[k];
    const Tensor& t = rest.tensor(input);
    const TensorId value = rest.add_constant(rest.unique_name(t.name),
                                             graph::make_constant(t.dtype, t.dims, inputs[k].data, inputs[k].bytes));
    rest.replace_uses(input, value);
  }
  auto module = std::make_shared<const Module>(rest, shapes, settings_);
  constexpr std::size_t kCached = 32;
  if (compiled.size() >= kCached)
    compiled.erase(std::min_element(compiled.begin(), compiled.end(),
                                    [](const auto& a, const auto& b) { return a.last_use < b.last_use; }));
  compiled.push_back({shapes, values, module, ++continuation_->uses});
  return module;
}

std::vector<LayerReport> Module::report() const {
  std::vector<LayerReport> rows;
  for (const auto& segment : program_->segments)
    rows.insert(rows.end(), segment->report.begin(), segment->report.end());
  if (continuation_)
    for (const DataDependentLayer& l : continuation_->layers) {
      LayerReport& row = rows.emplace_back();
      row.name = l.name;
      row.op = l.op->name;
      row.tactic = "reference";
      row.device = "cpu";
      row.outputs = "at most " + to_string(l.bound);
    }
  return rows;
}

}  // namespace vireo::runtime
