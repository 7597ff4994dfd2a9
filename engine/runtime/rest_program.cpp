#include "engine/runtime/rest_program.h"

#include <algorithm>
#include <optional>

#include "engine/base/text.h"
#include "engine/compile/limits.h"
#include "engine/graph/extract.h"
#include "engine/graph/operator.h"
#include "engine/runtime/loop.h"

namespace vireo::runtime {
using graph::Extract;
using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::Tensor;
using graph::TensorId;
using graph::Variation;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

constexpr std::int64_t kLeastCapacity = 8;

/// Thrown inside of this file: why a rest doesn't follow its extents.
struct Refused {
  std::string why;
};

}  // namespace

Dims Slot::dims_at(std::span<const std::int64_t> extents) const {
  Dims result = dims;
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i]) result[i] = extents[static_cast<std::size_t>(axes[i])];
  return result;
}

bool Slot::cut_at_end() const {
  std::int64_t before = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != 0)
      return before == 1 && std::all_of(axes.begin() + static_cast<std::ptrdiff_t>(i) + 1, axes.end(),
                                        [](int number) { return number == 0; });
    before *= dims[i];
  }
  return true;
}

class RestProgram::Maker {
 public:
  Maker(const Graph& rest, std::vector<Variation> known, std::vector<std::int64_t> bounds,
        std::vector<std::int64_t> least, const compile::CompileOptions& options, RestProgram& made)
      : g_(rest), options_(options), made_(made), bounds_(std::move(bounds)), least_(std::move(least)) {
    known_.resize(index(g_.tensor_count()));
    part_.assign(index(g_.tensor_count()), 0);
    slot_.assign(index(g_.tensor_count()), -1);
    loose_.assign(index(g_.tensor_count()), 0);
    for (TensorId t = 0; t < g_.tensor_count(); ++t) known_[index(t)].axes.assign(g_.tensor(t).dims.size(), 0);
    for (std::size_t k = 0; k < known.size(); ++k) known_[index(g_.inputs()[k])] = std::move(known[k]);
  }

  void run() {
    for (const LayerId id : g_.topological_order()) follow(id);
    make_slots();
    made_.bounds_ = bounds_;
    std::ranges::stable_sort(made_.layers_, {}, &Layer::part);
    std::ranges::stable_sort(made_.open_, {}, &Open::part);
    for (int at = 0; at < static_cast<int>(made_.parts_.size()); ++at) compile_part(at);
  }

 private:
  /// What one layer does with the extents of its inputs, and in which part it is.
  void follow(LayerId id) {
    const graph::Layer& l = g_.layer(id);
    g_.infer(id);
    bool plain = true;
    int part = 0;
    for (const TensorId t : l.inputs) {
      if (t == kNone) continue;
      plain = plain && known_[index(t)].plain();
      part = std::max(part, part_[index(t)]);
    }
    layer_part_.resize(std::max(layer_part_.size(), index(id) + 1), 0);
    layer_part_[index(id)] = part;
    std::vector<graph::VaryingContext::Result> results(l.outputs.size());
    std::optional<std::size_t> joined;
    if (l.op->body) throw Refused{graph::describe(g_, id) + ": which layers it stands for depends on data"};
    if (l.op->evaluate_open && !l.op->loop_body && !known(l)) return follow_open(id, part);
    for (const TensorId t : l.inputs)
      if (l.op->loop_body || (t != kNone && loose_[index(t)]))
        throw Refused{graph::describe(g_, id) + ": needs extents that a layer tells in a run"};
    if (!plain || (l.op->data_dependent_axis && l.op->varying)) {
      graph::VaryingContext context(g_, id, known_);
      if (!l.op->varying || !l.op->varying(context) || !context.all_counts_read())
        throw Refused{graph::describe(g_, id) + ": mixes entries along an extent that depends on data"};
      results = context.results();
      joined = context.joined();
      needed_.insert(needed_.end(), context.needed().begin(), context.needed().end());
    }
    for (std::size_t k = 0; k < l.outputs.size(); ++k) {
      Tensor& t = g_.tensor(l.outputs[k]);
      if (results[k].dims) t.dims = *results[k].dims, t.ranked = true;
      Variation& variation = known_[index(l.outputs[k])] = std::move(results[k].variation);
      if (!t.ranked) throw Refused{graph::describe(g_, id) + ": the rank of its output is not known"};
      variation.axes.resize(t.dims.size(), 0);
      part_[index(l.outputs[k])] = part;
    }
    if (l.op->data_dependent_axis || joined) {
      add_layer(id, part, joined);
      part_[index(l.outputs[0])] = part + 1;
    }
    for (const TensorId output : l.outputs) {
      Tensor& t = g_.tensor(output);
      const std::vector<int>& axes = known_[index(output)].axes;
      for (std::size_t i = 0; i < axes.size(); ++i) {
        if (axes[i]) t.dims[i] = kUnknown;
        else if (t.dims[i] == kUnknown) throw Refused{graph::describe(g_, id) + ": an extent can't be known"};
      }
    }
  }

  void follow_open(LayerId id, int part) {
    const graph::Layer& l = g_.layer(id);
    for (const TensorId t : l.inputs)
      if (t != kNone && !known_[index(t)].counts.empty())
        throw Refused{graph::describe(g_, id) + ": reads extents as values"};
    for (const TensorId t : l.outputs) {
      known_[index(t)].axes.assign(g_.tensor(t).dims.size(), 0);
      part_[index(t)] = part + 1;
      loose_[index(t)] = 1;
    }
    layer_ids_.push_back(id);
    open_ids_.push_back(id);
    made_.open_.push_back({.layer = open_layer(g_, id, {options_, nullptr}), .part = part});
  }

  [[nodiscard]] bool known(const graph::Layer& l) const {
    return std::all_of(l.outputs.begin(), l.outputs.end(), [&](TensorId t) { return g_.tensor(t).is_static(); });
  }

  void add_layer(LayerId id, int part, std::optional<std::size_t> joined) {
    const graph::Layer& l = g_.layer(id);
    // The shape rule tells the bound when it sees those of the inputs.
    std::vector<std::pair<TensorId, Dims>> true_dims;
    for (const TensorId t : l.inputs) {
      if (t == kNone || !known_[index(t)].varies()) continue;
      true_dims.emplace_back(t, g_.tensor(t).dims);
      Dims& dims = g_.tensor(t).dims;
      for (std::size_t i = 0; i < dims.size(); ++i)
        if (const int number = known_[index(t)].axes[i]) dims[i] = bounds_[index(number)];
    }
    Dims bound = g_.bound_dims(id);
    if (!is_static(bound)) throw Refused{graph::describe(g_, id) + ": has no bound"};
    compile::check_tensor(g_.tensor(l.outputs[0]).dtype, bound, graph::describe(g_, id), options_.limits);
    Layer layer{data_dependent_layer(g_, id, bound)};
    // A tensor may be read twice: what was there first comes back last.
    for (auto it = true_dims.rbegin(); it != true_dims.rend(); ++it) g_.tensor(it->first).dims = it->second;
    layer.layer.joins = joined;
    const std::size_t axis = layer.layer.axis();
    layer.part = part;
    layer.number = static_cast<int>(bounds_.size());
    bounds_.push_back(bound[axis]);
    known_[index(l.outputs[0])].axes[axis] = layer.number;
    layer_ids_.push_back(id);
    made_.layers_.push_back(std::move(layer));
  }

  int slot_of(TensorId t) {
    int& slot = slot_[index(t)];
    if (slot >= 0) return slot;
    slot = static_cast<int>(made_.slots_.size());
    const Tensor& tensor = g_.tensor(t);
    const Variation& known = known_[index(t)];
    made_.slots_.push_back({tensor.dtype, tensor.dims, known.axes, known.counts});
    made_.slots_.back().most_bytes = known.counts.size() * size_of(tensor.dtype);
    made_.slots_.back().loose = loose_[index(t)] != 0;
    slot_tensor_.push_back(t);
    return slot;
  }

  [[nodiscard]] bool is_layer(LayerId id) const {
    return std::find(layer_ids_.begin(), layer_ids_.end(), id) != layer_ids_.end();
  }

  /// Tensors that a part reads of others or that others, or the user, read of it.
  void make_slots() {
    int count = 1;
    for (const Layer& layer : made_.layers_) count = std::max(count, layer.part + 2);
    for (const Open& open : made_.open_) count = std::max(count, open.part + 2);
    made_.parts_.resize(static_cast<std::size_t>(count));
    for (std::size_t k = 0; k < g_.inputs().size(); ++k)
      made_.slots_[index(slot_of(g_.inputs()[k]))].input = static_cast<int>(k);
    for (const Graph::Output& output : g_.outputs()) {
      if (g_.tensor(output.tensor).constant) throw Refused{"an output is a constant"};
      made_.outputs_.push_back(slot_of(output.tensor));
      made_.slots_[index(made_.outputs_.back())].kept = true;
    }
    const auto find_sources = [&](LayerId id, std::vector<int>& sources) {
      const graph::Layer& l = g_.layer(id);
      for (std::size_t i = 0; i < l.inputs.size(); ++i)
        if (l.inputs[i] != kNone && !g_.tensor(l.inputs[i]).constant) {
          sources[i] = slot_of(l.inputs[i]);
          made_.slots_[index(sources[i])].read = true;
        }
    };
    std::size_t next = 0, next_open = 0;
    for (const LayerId id : layer_ids_) {
      if (std::ranges::count(open_ids_, id)) {
        Open& open = made_.open_[next_open++];
        for (const TensorId t : g_.layer(id).outputs) open.slots.push_back(slot_of(t));
        find_sources(id, open.layer.sources);
        continue;
      }
      Layer& layer = made_.layers_[next++];
      layer.slot = slot_of(g_.layer(id).outputs[0]);
      find_sources(id, layer.layer.sources);
    }
    for (LayerId id = 0; id < g_.layer_count(); ++id)
      if (g_.layer(id).alive() && !is_layer(id))
        for (const TensorId t : g_.layer(id).inputs) need(t, layer_part_[index(id)]);
  }

  /// A tensor that a layer of the part reads. Extents as values are made anew where they are read: they are
  /// constants once a capacity is chosen. What they are the extents of is read for that.
  void need(TensorId t, int part) {
    if (t == kNone || g_.tensor(t).constant) return;
    const LayerId producer = g_.tensor(t).producer;
    if (!known_[index(t)].counts.empty()) {
      for (const TensorId source : g_.layer(producer).inputs) need(source, part);
    } else if (producer == kNone || is_layer(producer) || part_[index(t)] != part) {
      made_.slots_[index(slot_of(t))].read = true;
    }
  }

  /// The layers that tensors of a part need.
  void compile_part(int at) {
    Part& part = made_.parts_[index(at)];
    Graph cut;
    Extract extract(g_, cut);
    std::vector<char> inside(index(g_.tensor_count()), 0), read(index(g_.tensor_count()), 0);
    const std::vector<LayerId> order = g_.topological_order();
    std::vector<LayerId> layers;
    for (auto it = order.rbegin(); it != order.rend(); ++it) {  // from what is wanted to what that needs
      const graph::Layer& l = g_.layer(*it);
      if (is_layer(*it)) continue;
      const bool wanted = std::any_of(l.outputs.begin(), l.outputs.end(), [&](TensorId t) {
        const int slot = slot_[index(t)];
        return read[index(t)] ||
               (layer_part_[index(*it)] == at && slot >= 0 && made_.slots_[index(slot)].counts.empty());
      });
      const bool counts =
          std::any_of(l.outputs.begin(), l.outputs.end(), [&](TensorId t) { return !known_[index(t)].counts.empty(); });
      if (!wanted || (layer_part_[index(*it)] != at && !counts)) continue;
      layers.push_back(*it);
      for (const TensorId t : l.outputs) inside[index(t)] = 1;
      for (const TensorId t : l.inputs)
        if (t != kNone) read[index(t)] = 1;
    }
    if (layers.empty()) return;
    std::vector<char> used(bounds_.size(), 0);
    for (TensorId t = 0; t < g_.tensor_count(); ++t) {
      if (!read[index(t)] || inside[index(t)] || g_.tensor(t).constant) continue;
      part.inputs.push_back(slot_of(t));
      extract.input(t, base::str(g_.tensor(t).name, "#", part.inputs.size()));
      for (const int number : known_[index(t)].axes) used[index(number)] = 1;
    }
    for (auto it = layers.rbegin(); it != layers.rend(); ++it) extract.layer(*it);
    for (std::size_t k = 0; k < made_.slots_.size(); ++k) {
      const TensorId t = slot_tensor_[k];
      if (!inside[index(t)] || layer_part_[index(g_.tensor(t).producer)] != at || !made_.slots_[k].counts.empty())
        continue;
      part.outputs.push_back(static_cast<int>(k));
      cut.mark_output(extract.tensor(t), base::str(g_.tensor(t).name, "#", k));
    }
    for (std::size_t number = 1; number < used.size(); ++number)
      if (used[number]) part.numbers.push_back(static_cast<int>(number));
    for (const int number : needed_)
      if (used[index(number)]) part.needed.push_back(number);
    compile_levels(cut, part);
  }

  /// Makes room in what the part reads and writes, up to a level.
  void grow_slots(const Part& part, const Level& level) {
    for (const std::vector<int>* list : {&part.inputs, &part.outputs})
      for (const int k : *list) {
        Slot& slot = made_.slots_[index(k)];
        slot.most_bytes = std::max(slot.most_bytes, byte_count(slot.dtype, slot.dims_at(level.capacity)));
      }
  }

  void compile_levels(const Graph& layers, Part& part) {
    std::int64_t first = kLeastCapacity;
    for (const int number : part.numbers)
      while (index(number) < least_.size() && first < least_[index(number)]) first *= 2;
    for (std::int64_t capacity = first;; capacity *= 2) {
      Level level{bounds_, nullptr};
      bool last = true;
      for (const int number : part.numbers) {
        level.capacity[index(number)] = std::min(capacity, bounds_[index(number)]);
        last = last && capacity >= bounds_[index(number)];
      }
      try {
        level.program = compile_level(layers, part, level);
      } catch (const Error& error) {
        // Beyond the limits only what fits is compiled ahead.
        if (error.code() == ErrorCode::out_of_memory && !part.levels.empty()) return;
        throw;
      }
      if (arena_bytes(*level.program) > kMostAhead && !part.levels.empty()) return;
      grow_slots(part, level);
      part.levels.push_back(std::move(level));
      if (last) return;
    }
  }

  static std::size_t arena_bytes(const device::Program& program) {
    std::size_t bytes = program.boundary_bytes;
    for (const auto& segment : program.segments) bytes += segment->arena_bytes;
    return bytes;
  }

  [[nodiscard]] std::shared_ptr<const device::Program> compile_level(const Graph& layers, const Part& part,
                                                                     const Level& level) const {
    std::map<std::string, Dims> shapes;
    const auto dims_of = [&](int slot) { return made_.slots_[index(slot)].dims_at(level.capacity); };
    for (std::size_t k = 0; k < part.inputs.size(); ++k)
      shapes[layers.tensor(layers.inputs()[k]).name] = dims_of(part.inputs[k]);
    const Graph g = compile::specialise(layers, shapes, options_);
    for (LayerId id = 0; id < g.layer_count(); ++id)
      if (g.layer(id).alive())
        for (const TensorId t : g.layer(id).outputs)
          if (!g.tensor(t).is_static()) throw Refused{graph::describe(g, id) + ": its extents are not known"};
    auto program = std::make_shared<const device::Program>(compile::compile(g, options_));
    for (std::size_t k = 0; k < part.outputs.size(); ++k) {
      const device::Binding& binding = program->bindings[part.inputs.size() + k];
      if (binding.info.dims != dims_of(part.outputs[k]))
        throw Refused{base::str("'", binding.info.name, "' came out as ", binding.info.dims, " instead of ",
                                dims_of(part.outputs[k]))};
    }
    return program;
  }

  Graph g_;
  const compile::CompileOptions& options_;
  RestProgram& made_;
  std::vector<std::int64_t> bounds_;
  std::vector<std::int64_t> least_;  ///< of the first of them
  std::vector<Variation> known_;     ///< by tensor
  std::vector<int> part_;            ///< by tensor: the first that can read it
  std::vector<int> layer_part_;      ///< by layer
  std::vector<int> slot_;            ///< by tensor; -1: none
  std::vector<TensorId> slot_tensor_;
  std::vector<char> loose_;  ///< by tensor: of an open layer
  std::vector<LayerId> layer_ids_;
  std::vector<LayerId> open_ids_;  ///< of those, the open ones
  std::vector<int> needed_;        ///< numbers of extents that some layer can't follow to 0
};

std::unique_ptr<const RestProgram> RestProgram::make(const Graph& rest, std::vector<Variation> known,
                                                     std::vector<std::int64_t> bounds,
                                                     const compile::CompileOptions& options, std::string& refused,
                                                     std::vector<std::int64_t> least) {
  auto made = std::make_unique<RestProgram>();
  try {
    Maker(rest, std::move(known), std::move(bounds), std::move(least), options, *made).run();
    return made;
  } catch (const Refused& refusal) {
    refused = refusal.why;
  } catch (const Error& error) {
    // A rest that can't be had for its bounds may be had for the extents of a run.
    if (error.code() != ErrorCode::out_of_memory && error.code() != ErrorCode::invalid_model) throw;
    refused = error.what();
  }
  return nullptr;
}

void RestProgram::report(std::vector<LayerReport>& rows) const {
  for (std::size_t at = 0; at < parts_.size(); ++at) {
    if (!parts_[at].levels.empty()) {
      for (const auto& segment : parts_[at].levels.back().program->segments)
        rows.insert(rows.end(), segment->report.begin(), segment->report.end());
    }
    for (const Layer& layer : layers_)
      if (layer.part == static_cast<int>(at)) rows.push_back(report_of(layer.layer));
    for (const Open& open : open_)
      if (open.part == static_cast<int>(at)) report_of(open.layer, rows);
  }
}

}  // namespace vireo::runtime
