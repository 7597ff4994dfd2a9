#include "engine/runtime/module.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/compile/limits.h"
#include "engine/graph/extract.h"
#include "engine/graph/operator.h"

namespace vireo::runtime {
using graph::Extract;
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::Tensor;
using graph::TensorId;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Which layers can run before any shape that depends on data is needed. by_value: everything that the layer reads is
/// there, and its output's shape depends on values of it, or which layers it stands for does. open: it tells the
/// extents of its outputs itself. rest: behind one of those.
enum class When : char { head, data_dependent, open, by_value, rest };

/// A rest that doesn't follow its extents is compiled with the module where data can give it no more than so many sets.
constexpr std::int64_t kMostSets = 17;
constexpr std::size_t kCached = 32;

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
    when[index(id)] = l.op->data_dependent_axis                            ? When::data_dependent
                      : l.op->loop_body || (l.op->evaluate_open && !known) ? When::open
                      : known && !l.op->body                               ? When::head
                                                                           : When::by_value;
  }
  return when;
}

/// What a shape may depend on: a target of a reshape, the limits of a range, the scales of a resize. Data that happen
/// to be so few are taken for such too, which costs a compilation for each new value, but nothing else. Not texts.
bool decides_shapes(const Tensor& t) {
  const bool counts = is_integer(t.dtype) || t.dtype == DataType::boolean;
  return !t.constant && (counts || (is_float(t.dtype) && t.dims.size() <= 1)) && element_count(t.dims) <= 64;
}

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
    Continuation& c = *module.continuation_;
    rest(c, module.settings_);
    std::string& by_extents = module.by_extents_;
    if (module.settings_.options.traced) by_extents = "it is observed";
    for (std::size_t k = 0; k < c.inputs.size(); ++k)
      if (c.inputs[k].by_value)
        by_extents =
            base::str("shapes or branches depend on the values of '", c.rest.tensor(c.rest.inputs()[k]).name, "'");
      else if (c.inputs[k].open_layer >= 0 && !c.rest.tensor(c.rest.inputs()[k]).is_static() && by_extents.empty())
        by_extents = told_ =
            base::str(c.open[static_cast<std::size_t>(c.inputs[k].open_layer)].what, ": tells its extents in a run");
    c.grows = std::ranges::count(bounds_, kUnknown) > 0 && by_extents == told_ && can_grow_;
    c.known = known_;
    c.bounds = bounds_;
    if (by_extents.empty())
      c.program = RestProgram::make(c.rest, known_, bounds_, module.settings_.options, by_extents);
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

  void rest(Continuation& continuation, const CompileSettings& settings) {
    Extract extract(g_, continuation.rest);
    // Shapes are given by name, and names in the network need not differ.
    const auto add_input = [&](TensorId t, const ContinuationInput& input) {
      extract.input(t, base::str(g_.tensor(t).name, "#", continuation.inputs.size()));
      continuation.inputs.push_back(input);
    };
    const std::vector<char> by_value = deciding();
    for (TensorId t = 0; t < g_.tensor_count(); ++t) {
      if (!boundary_[index(t)]) continue;
      add_input(t, {.head_binding = binding_[index(t)], .by_value = by_value[index(t)] != 0});
      known_.push_back({std::vector<int>(g_.tensor(t).dims.size(), 0), {}, false});
    }
    for (LayerId id : g_.topological_order()) {
      const TensorId out = when_[index(id)] == When::data_dependent ? g_.layer(id).outputs[0] : kNone;
      if (out == kNone) continue;
      add_input(out, {.data_dependent_layer = static_cast<int>(continuation.layers.size())});
      DataDependentLayer layer = data_dependent_layer(g_, id, g_.bound_dims(id));
      find_sources(id, layer.sources);
      compile::check_tensor(layer.dtype, layer.bound, graph::describe(g_, id), settings.options.limits);
      add_extent(id, layer);
      continuation.layers.push_back(std::move(layer));
    }
    for (LayerId id : g_.topological_order()) {
      if (when_[index(id)] != When::open) continue;
      const auto number = static_cast<int>(continuation.open.size());
      OpenLayer layer = open_layer(g_, id, settings);
      find_sources(id, layer.sources);
      continuation.open.push_back(std::move(layer));
      for (std::size_t k = 0; k < g_.layer(id).outputs.size(); ++k) {
        const Tensor& t = g_.tensor(g_.layer(id).outputs[k]);
        if (t.consumers.empty() && t.output_uses == 0) continue;
        add_input(g_.layer(id).outputs[k], {.open_layer = number, .open_output = static_cast<int>(k)});
        known_.push_back({std::vector<int>(t.dims.size(), 0), {}, false});
        can_grow_ = can_grow_ && t.ranked;
        for (std::size_t i = 0; i < t.dims.size(); ++i)
          if (t.dims[i] == kUnknown) {
            known_.back().axes[i] = static_cast<int>(bounds_.size());
            bounds_.push_back(kUnknown);
          }
      }
    }
    for (LayerId id : g_.topological_order())
      if (when_[index(id)] == When::rest || when_[index(id)] == When::by_value) extract.layer(id);
    for (const Graph::Output& output : g_.outputs())
      if (!of_head(output.tensor)) continuation.rest.mark_output(extract.tensor(output.tensor), output.name);
  }

  void find_sources(LayerId id, std::vector<int>& sources) const {
    for (std::size_t k = 0; k < sources.size(); ++k)
      if (const TensorId t = g_.layer(id).inputs[k]; t != kNone && !g_.tensor(t).constant)
        sources[k] = binding_[index(t)];
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

  /// What is known of a data-dependent layer's result: one of its extents is the next number.
  void add_extent(LayerId id, const DataDependentLayer& layer) {
    const std::vector<graph::Variation> nothing = fixed();
    graph::VaryingContext context(g_, id, nothing);
    graph::Variation variation;
    if (layer.op->varying && layer.op->varying(context)) variation = context.results()[0].variation;
    variation.axes.assign(layer.bound.size(), 0);
    const std::size_t axis = layer.axis();
    variation.axes[axis] = static_cast<int>(bounds_.size());
    bounds_.push_back(layer.bound[axis]);
    known_.push_back(std::move(variation));
  }

  /// The head's tensors, as a rule for extents that vary sees them.
  [[nodiscard]] std::vector<graph::Variation> fixed() const {
    std::vector<graph::Variation> list(index(g_.tensor_count()));
    for (TensorId t = 0; t < g_.tensor_count(); ++t) list[index(t)].axes.assign(g_.tensor(t).dims.size(), 0);
    return list;
  }

  const Graph& g_;
  std::vector<When> when_;
  std::vector<char> boundary_;
  std::vector<int> binding_;             ///< of the head, by tensor; -1: none
  std::vector<graph::Variation> known_;  ///< of the rest's inputs
  std::vector<std::int64_t> bounds_{0};  ///< of their extents, by number; kUnknown: nothing bounds it
  bool can_grow_ = true;                 ///< the ranks of the rest's inputs are known
  std::string told_;
};

Module::Module(const Graph& graph, const Shapes& shapes, CompileSettings settings)
    : Module(graph, shapes, std::move(settings), Nested{}) {
  if (continuation_ && !continuation_->program && !settings_.options.traced) compile_ahead();
}

Module::Module(const Graph& graph, const Shapes& shapes, CompileSettings settings, Nested)
    : settings_(std::move(settings)) {
  const Graph g = compile::specialise(graph, shapes, settings_.options);
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

void Module::compile_ahead() {
  std::int64_t sets = 1;
  for (std::size_t k = 0; k < continuation_->inputs.size(); ++k) {
    const ContinuationInput& input = continuation_->inputs[k];
    if (input.by_value) return;
    if (input.open_layer >= 0 && !continuation_->rest.tensor(continuation_->rest.inputs()[k]).is_static()) return;
  }
  for (const DataDependentLayer& layer : continuation_->layers) {
    sets *= std::min(layer.bound[layer.axis()], kMostSets) + 1;
    if (sets > kMostSets) return;
  }
  for (std::int64_t set = 0; set < sets; ++set) {
    Key key;
    std::int64_t left = set;
    for (const DataDependentLayer& layer : continuation_->layers) {
      Dims dims = layer.bound;
      std::int64_t& extent = dims[layer.axis()];
      const std::int64_t choices = extent + 1;
      extent = left % choices;
      left /= choices;
      key.extents.insert(key.extents.end(), dims.begin(), dims.end());
    }
    for (std::size_t k = 0; k < continuation_->inputs.size(); ++k) {
      if (continuation_->inputs[k].open_layer < 0) continue;
      const Dims& dims = continuation_->rest.tensor(continuation_->rest.inputs()[k]).dims;
      key.extents.push_back(static_cast<std::int64_t>(dims.size()));
      key.extents.insert(key.extents.end(), dims.begin(), dims.end());
    }
    try {
      continuation_->compiled.push_back({key, compile_rest(key), ++continuation_->uses});
    } catch (const Error&) {
      // Extents that the layers don't go together with: an error of the run that has them, if any.
    }
  }
}

std::shared_ptr<const Module> Module::compile_rest(const Key& key) const {
  Graph rest = continuation_->rest;
  Shapes shapes;
  const std::int64_t* extents = key.extents.data();
  const char* values = key.values.data();
  for (std::size_t k = 0; k < continuation_->inputs.size(); ++k) {
    const TensorId input = rest.inputs()[k];
    Tensor& t = rest.tensor(input);
    if (continuation_->inputs[k].open_layer >= 0) {
      const std::int64_t rank = *extents++;
      shapes[t.name].assign(extents, extents + rank);
      extents += rank;
      t.ranked = true;
      t.dims.assign(static_cast<std::size_t>(rank), kUnknown);
      continue;
    }
    if (continuation_->inputs[k].data_dependent_layer >= 0) {
      shapes[t.name].assign(extents, extents + t.dims.size());
      extents += t.dims.size();
      continue;
    }
    shapes[t.name] = t.dims;
    if (!continuation_->inputs[k].by_value) continue;
    const std::size_t bytes = byte_count(t.dtype, t.dims);
    const TensorId value =
        rest.add_constant(rest.unique_name(t.name), graph::make_constant(t.dtype, t.dims, values, bytes));
    values += bytes;
    rest.replace_uses(input, value);
  }
  return std::make_shared<const Module>(rest, shapes, settings_, Nested{});
}

std::shared_ptr<const Module> Module::continuation_for(const Key& key) const {
  const std::lock_guard lock(continuation_->mutex);
  auto& compiled = continuation_->compiled;
  for (Continuation::Compiled& c : compiled)
    if (c.key == key) {
      c.last_use = ++continuation_->uses;
      return c.module;
    }
  ++continuation_->compilations;
  auto module = compile_rest(key);
  if (compiled.size() >= kCached)
    compiled.erase(std::ranges::min_element(compiled, {}, &Continuation::Compiled::last_use));
  compiled.push_back({key, module, ++continuation_->uses});
  return module;
}

std::shared_ptr<const RestProgram> Module::program_for(const std::vector<std::int64_t>& bounds) const {
  Continuation& c = *continuation_;
  const std::lock_guard lock(c.mutex);
  for (Continuation::Grown& grown : c.grown)
    if (grown.bounds == bounds) {
      grown.last_use = ++c.uses;
      return grown.program;
    }
  ++c.compilations;
  // Bounds are the powers of two above the extents; what is below the lowest level doesn't matter.
  std::vector<std::int64_t> least = bounds;
  for (std::size_t number = 0; number < least.size(); ++number)
    least[number] = c.bounds[number] == kUnknown ? least[number] / 2 + 1 : 0;
  std::shared_ptr<const RestProgram> program;
  try {
    std::string refused;
    program = RestProgram::make(c.rest, c.known, bounds, settings_.options, refused, std::move(least));
  } catch (const Error&) {  // an error of the rest for the true extents, if any
  }
  if (c.grown.size() >= kCached) c.grown.erase(std::ranges::min_element(c.grown, {}, &Continuation::Grown::last_use));
  c.grown.push_back({bounds, program, ++c.uses});
  return program;
}

std::size_t Module::compilations_in_runs() const {
  if (!continuation_) return 0;
  const std::lock_guard lock(continuation_->mutex);
  std::size_t count = continuation_->compilations;
  for (const Continuation::Compiled& c : continuation_->compiled) count += c.module->compilations_in_runs();
  for (const OpenLayer& layer : continuation_->open)
    if (layer.loop) count += layer.loop->compilations_in_runs();
  return count;
}

std::vector<LayerReport> Module::report() const {
  std::vector<LayerReport> rows;
  for (const auto& segment : program_->segments)
    rows.insert(rows.end(), segment->report.begin(), segment->report.end());
  if (!continuation_) return rows;
  for (const DataDependentLayer& l : continuation_->layers) rows.push_back(report_of(l));
  for (const OpenLayer& layer : continuation_->open) report_of(layer, rows);
  if (continuation_->program) continuation_->program->report(rows);
  const std::lock_guard lock(continuation_->mutex);
  if (const auto grown = std::ranges::max_element(continuation_->grown, {}, &Continuation::Grown::last_use);
      grown != continuation_->grown.end() && grown->program) {
    grown->program->report(rows);
    return rows;
  }
  const auto last = std::ranges::max_element(continuation_->compiled, {}, &Continuation::Compiled::last_use);
  if (continuation_->program || last == continuation_->compiled.end()) return rows;
  const std::vector<LayerReport> rest = last->module->report();
  rows.insert(rows.end(), rest.begin(), rest.end());
  return rows;
}

}  // namespace vireo::runtime
