#include "engine/build/module.h"

#include <algorithm>
#include <cstring>

#include "engine/api/log.h"
#include "engine/base/affinity.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/build/plan_state.h"
#include "engine/graph/operator.h"

namespace vireo::builder {
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::Tensor;
using graph::TensorId;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Which layers can run before any data-dependent shape is needed.
enum class When : char { head, late, tail };

std::vector<When> schedule(const Graph& g) {
  std::vector<When> when(index(g.layer_count()), When::tail);
  for (LayerId id : g.topological_order()) {
    const Layer& l = g.layer(id);
    const bool inputs_known = std::all_of(l.inputs.begin(), l.inputs.end(), [&](TensorId t) {
      return t == kNone || g.tensor(t).producer == kNone || when[index(g.tensor(t).producer)] == When::head;
    });
    if (!inputs_known) continue;
    if (l.op->late_axis) when[index(id)] = When::late;
    else if (std::all_of(l.outputs.begin(), l.outputs.end(),
                         [&](TensorId t) { return t == kNone || g.tensor(t).is_static(); }))
      when[index(id)] = When::head;
  }
  return when;
}

/// A few integers that a layer with an unknown output shape reads (the target of a reshape, the limit of a range).
bool decides_shapes(const Graph& g, TensorId id) {
  const Tensor& t = g.tensor(id);
  if (!is_integer(t.dtype) && t.dtype != DataType::boolean) return false;
  if (element_count(t.dims) > 64) return false;
  return std::any_of(t.consumers.begin(), t.consumers.end(), [&](LayerId layer) {
    return std::any_of(g.layer(layer).outputs.begin(), g.layer(layer).outputs.end(),
                       [&](TensorId out) { return out != kNone && !g.tensor(out).is_static(); });
  });
}

}  // namespace

Module::Module(const Graph& graph, const Shapes& shapes, CompileSettings settings) : settings_(std::move(settings)) {
  const Graph g = specialise(graph, shapes, settings_.options);
  for (TensorId id : g.inputs()) {
    const Tensor& t = g.tensor(id);
    bindings_.push_back({{t.name, t.dtype, t.dims, std::vector<std::string>(t.dims.size())},
                         static_cast<std::size_t>(element_count(t.dims)) * size_of(t.dtype), false});
  }
  for (const Graph::Output& output : g.outputs()) {
    const Tensor& t = g.tensor(output.tensor);
    const std::size_t bytes = t.is_static() ? static_cast<std::size_t>(element_count(t.dims)) * size_of(t.dtype) : 0;
    bindings_.push_back({{output.name, t.dtype, t.dims, std::vector<std::string>(t.dims.size())}, bytes, true});
  }
  const std::vector<When> when = schedule(g);
  bool late = false;
  for (LayerId id = 0; id < g.layer_count(); ++id) late |= g.layer(id).alive() && when[index(id)] != When::head;
  if (!late) program_ = std::make_shared<const program::Program>(compile(g, settings_.options));
  else split(g);
}

void Module::split(const Graph& g) {
  const std::vector<When> when = schedule(g);
  late_ = std::make_unique<Late>();
  const auto made_by = [&](TensorId t, When w) {
    const LayerId producer = g.tensor(t).producer;
    return producer == kNone ? w == When::head : when[index(producer)] == w;
  };
  // Tensors that cross from the head into the rest, in order of tensor id.
  std::vector<char> crosses(index(g.tensor_count()), 0);
  for (LayerId id = 0; id < g.layer_count(); ++id) {
    if (!g.layer(id).alive() || when[index(id)] == When::head) continue;
    for (TensorId t : g.layer(id).inputs)
      if (t != kNone && !g.tensor(t).constant && made_by(t, When::head)) crosses[index(t)] = 1;
  }

  Graph head = g;
  for (LayerId id = g.layer_count() - 1; id >= 0; --id)
    if (head.layer(id).alive() && when[index(id)] != When::head) head.remove_layer(id);
  Graph cut;  // the head with its own outputs: the visible ones it makes, then the crossing tensors
  {
    std::vector<TensorId> map(index(head.tensor_count()), kNone);
    const auto mapped = [&](TensorId t) {
      if (t != kNone && map[index(t)] == kNone) {
        const Tensor& tensor = head.tensor(t);
        map[index(t)] = tensor.constant ? cut.add_constant(tensor.name, tensor.constant)
                                        : cut.add_tensor(tensor.name, tensor.dtype);
      }
      return t == kNone ? kNone : map[index(t)];
    };
    for (TensorId t : head.inputs())
      map[index(t)] = cut.add_input(head.tensor(t).name, head.tensor(t).dtype, head.tensor(t).dims);
    for (LayerId id : head.topological_order()) {
      const Layer& l = head.layer(id);
      std::vector<TensorId> inputs, outputs;
      for (TensorId t : l.inputs) inputs.push_back(mapped(t));
      for (TensorId t : l.outputs) outputs.push_back(mapped(t));
      cut.add_layer_into(*l.op, l.name, inputs, outputs, l.attributes);
    }
    cut.infer_all();
    int tail_outputs = 0;
    for (const Graph::Output& output : g.outputs()) {
      if (g.tensor(output.tensor).constant || made_by(output.tensor, When::head)) {
        head_output_.push_back(static_cast<int>(cut.inputs().size() + cut.outputs().size()));
        cut.mark_output(mapped(output.tensor), output.name);
      } else {
        head_output_.push_back(-1 - tail_outputs++);
      }
    }
    for (TensorId t = 0; t < g.tensor_count(); ++t)
      if (crosses[index(t)]) cut.mark_output(mapped(t), "crossing " + g.tensor(t).name);
  }
  program_ = std::make_shared<const program::Program>(compile(cut, settings_.options));
  const auto head_binding_of = [&](TensorId t) {
    const std::string name = "crossing " + g.tensor(t).name;
    for (std::size_t k = 0; k < program_->bindings.size(); ++k)
      if (program_->bindings[k].output && program_->bindings[k].info.name == name) return static_cast<int>(k);
    base::fail(ErrorCode::internal, "'", g.tensor(t).name, "' doesn't leave the head");
  };

  Graph& tail = late_->tail;
  std::vector<TensorId> map(index(g.tensor_count()), kNone);
  for (TensorId t = 0; t < g.tensor_count(); ++t)
    if (crosses[index(t)]) {
      map[index(t)] = tail.add_input(g.tensor(t).name, g.tensor(t).dtype, g.tensor(t).dims);
      late_->head_binding.push_back(head_binding_of(t));
      late_->late_layer.push_back(-1);
      late_->by_value.push_back(decides_shapes(g, t));
    }
  Graph bounds = g;
  for (LayerId id : g.topological_order()) {
    if (when[index(id)] != When::late) continue;
    const Layer& l = g.layer(id);
    LateLayer late{l.op,
                   l.name,
                   l.attributes,
                   {},
                   {},
                   g.tensor(l.outputs[0]).dtype,
                   bounds.bound_dims(id),
                   g.tensor(l.outputs[0]).name};
    for (TensorId t : l.inputs) {
      if (t == kNone) {
        late.inputs.emplace_back();
        late.sources.push_back(-1);
        continue;
      }
      const Tensor& tensor = g.tensor(t);
      if (tensor.constant) late_->constants.push_back(tensor.constant);
      late.inputs.push_back(
          {tensor.dtype, tensor.dims, tensor.constant ? const_cast<std::byte*>(tensor.constant->read()) : nullptr});
      late.sources.push_back(tensor.constant ? -1 : head_binding_of(t));
    }
    const Tensor& out = g.tensor(l.outputs[0]);
    map[index(l.outputs[0])] = tail.add_input(out.name, out.dtype, out.dims);
    late_->head_binding.push_back(-1);
    late_->late_layer.push_back(static_cast<int>(late_->layers.size()));
    late_->by_value.push_back(0);
    late_->layers.push_back(std::move(late));
  }
  const auto mapped = [&](TensorId t) {
    if (t != kNone && map[index(t)] == kNone) {
      const Tensor& tensor = g.tensor(t);
      map[index(t)] = tensor.constant ? tail.add_constant(tensor.name, tensor.constant)
                                      : tail.add_tensor(tensor.name, tensor.dtype);
    }
    return t == kNone ? kNone : map[index(t)];
  };
  for (LayerId id : g.topological_order()) {
    if (when[index(id)] != When::tail) continue;
    const Layer& l = g.layer(id);
    std::vector<TensorId> inputs, outputs;
    for (TensorId t : l.inputs) inputs.push_back(mapped(t));
    for (TensorId t : l.outputs) outputs.push_back(mapped(t));
    tail.add_layer_into(*l.op, l.name, inputs, outputs, l.attributes);
  }
  if (late_->layers.empty() &&
      std::none_of(late_->by_value.begin(), late_->by_value.end(), [](char c) { return c != 0; }))
    for (LayerId id : g.topological_order())
      if (when[index(id)] == When::tail)
        base::fail(ErrorCode::unsupported, graph::describe(g, id), ": the shape of its output can't be known");
  for (std::size_t k = 0; k < g.outputs().size(); ++k)
    if (head_output_[k] < 0) tail.mark_output(mapped(g.outputs()[k].tensor), g.outputs()[k].name);
}

std::shared_ptr<const Module> Module::tail_for(const Shapes& shapes, std::span<const Bound> inputs) const {
  const std::lock_guard lock(late_->mutex);
  std::string values;
  for (std::size_t k = 0; k < late_->by_value.size(); ++k)
    if (late_->by_value[k]) values.append(static_cast<const char*>(inputs[k].data), inputs[k].bytes);
  auto& compiled = late_->compiled;
  for (Late::Compiled& c : compiled)
    if (c.shapes == shapes && c.values == values) {
      c.last_use = ++late_->uses;
      return c.module;
    }
  Graph tail = late_->tail;
  for (std::size_t k = 0; k < late_->by_value.size(); ++k) {
    if (!late_->by_value[k]) continue;
    const TensorId input = tail.inputs()[k];
    const Tensor& t = tail.tensor(input);
    const TensorId value = tail.add_constant(tail.unique_name(t.name),
                                             graph::make_constant(t.dtype, t.dims, inputs[k].data, inputs[k].bytes));
    tail.replace_uses(input, value);
  }
  auto module = std::make_shared<const Module>(tail, shapes, settings_);
  constexpr std::size_t kCached = 32;
  if (compiled.size() >= kCached)
    compiled.erase(std::min_element(compiled.begin(), compiled.end(),
                                    [](const auto& a, const auto& b) { return a.last_use < b.last_use; }));
  compiled.push_back({shapes, values, module, ++late_->uses});
  return module;
}

std::vector<LayerReport> Module::report() const {
  std::vector<LayerReport> rows = program_->report;
  if (late_)
    for (const LateLayer& l : late_->layers) {
      LayerReport& row = rows.emplace_back();
      row.name = l.name;
      row.op = l.op->name;
      row.tactic = "reference";
      row.device = "cpu";
      row.outputs = "at most " + to_string(l.bound);
    }
  return rows;
}

Runner::Runner(std::shared_ptr<const Module> module, std::shared_ptr<base::Team> team, bool profile)
    : module_(std::move(module)), team_(std::move(team)), profile_(profile) {
  executor_ = std::make_unique<program::Executor>(module_->program(), team_, profile_);
  results_.resize(module_->bindings().size());
  const auto& head = module_->program()->bindings;
  pointers_.resize(head.size());
  boundary_.resize(head.size());
  if (module_->has_late_part())
    for (std::size_t k = 0; k < head.size(); ++k)
      if (head[k].output && head[k].info.name.rfind("crossing ", 0) == 0)
        boundary_[k] = base::allocate_aligned(head[k].bytes);
}

Status Runner::run(std::span<const Bound> bindings) noexcept {
  const base::OnCore on(team_->first_core());
  const auto& visible = module_->bindings();
  if (!module_->has_late_part()) {
    for (std::size_t k = 0; k < visible.size(); ++k) pointers_[k] = bindings[k].data;
    return executor_->run(pointers_);
  }
  for (std::size_t k = 0; k < boundary_.size(); ++k)
    if (boundary_[k]) pointers_[k] = boundary_[k].get();
  std::size_t output = 0;
  for (std::size_t k = 0; k < visible.size(); ++k) {
    if (!visible[k].output) pointers_[k] = bindings[k].data;
    else if (const int head = module_->head_output_[output++]; head >= 0)
      pointers_[static_cast<std::size_t>(head)] = bindings[k].data;
  }
  if (const Status status = executor_->run(pointers_); !status.ok()) return status;
  try {
    run_late(bindings);
    return {};
  } catch (const Error& error) {
    log(LogLevel::error, error.what());
    return {error.code(), "the layers whose shapes depend on data failed; the log says why"};
  } catch (const std::exception&) {
    return {ErrorCode::out_of_memory, "the layers whose shapes depend on data ran out of memory"};
  }
}

void Runner::run_late(std::span<const Bound> bindings) {
  Module::Late& late = *module_->late_;
  std::vector<Result> made;
  for (const Module::LateLayer& l : late.layers) {
    std::vector<graph::View> inputs = l.inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (l.sources[k] >= 0) inputs[k].data = pointers_[static_cast<std::size_t>(l.sources[k])];
    Result result;
    result.data = base::allocate_aligned(static_cast<std::size_t>(element_count(l.bound)) * size_of(l.dtype));
    std::vector<graph::View> outputs{{l.dtype, l.bound, result.data.get()}};
    (l.op->late ? l.op->late : l.op->reference)({l.attributes, inputs, outputs});
    result.dims = outputs[0].dims;
    made.push_back(std::move(result));
  }
  Shapes shapes;
  std::vector<Bound> tail_bindings;
  const auto& head = module_->program()->bindings;
  for (std::size_t k = 0; k < late.tail.inputs().size(); ++k) {
    const Tensor& t = late.tail.tensor(late.tail.inputs()[k]);
    const bool from_head = late.head_binding[k] >= 0;
    const Result* result = from_head ? nullptr : &made[static_cast<std::size_t>(late.late_layer[k])];
    shapes[t.name] = from_head ? t.dims : result->dims;
    tail_bindings.push_back(from_head ? Bound{pointers_[static_cast<std::size_t>(late.head_binding[k])],
                                              head[static_cast<std::size_t>(late.head_binding[k])].bytes}
                                      : Bound{result->data.get(), 0});
  }
  const std::shared_ptr<const Module> tail = module_->tail_for(shapes, tail_bindings);
  Runner runner(tail, team_, false);
  const std::size_t first_output = tail_bindings.size();
  std::vector<std::shared_ptr<std::byte>> own;
  for (std::size_t k = first_output; k < tail->bindings().size(); ++k) {
    own.push_back(base::allocate_aligned(tail->bindings()[k].bytes));
    tail_bindings.push_back({own.back().get(), tail->bindings()[k].bytes});
  }
  if (const Status status = runner.run(tail_bindings); !status.ok()) throw Error(status.code(), status.message());
  const auto& visible = module_->bindings();
  std::size_t output = 0;
  for (std::size_t k = 0; k < visible.size(); ++k) {
    if (!visible[k].output) continue;
    const int where = module_->head_output_[output++];
    if (where >= 0) continue;
    const std::size_t source = first_output + static_cast<std::size_t>(-1 - where);
    Result& result = results_[k];
    if (runner.results_[source].data) {
      result = runner.results_[source];
    } else {
      result.dims = tail->bindings()[source].info.dims;
      result.data = own[source - first_output];
      result.bytes = tail->bindings()[source].bytes;
    }
    if (result.bytes == 0)
      result.bytes = static_cast<std::size_t>(element_count(result.dims)) * size_of(visible[k].info.dtype);
    if (!bindings[k].data) continue;
    if (bindings[k].bytes < result.bytes)
      base::fail(ErrorCode::invalid_argument, "output '", visible[k].info.name, "' came out as ", result.dims, ", ",
                 result.bytes, " bytes; the bound buffer has ", bindings[k].bytes);
    if (result.bytes) std::memcpy(bindings[k].data, result.data.get(), result.bytes);
  }
}

}  // namespace vireo::builder
