#include "engine/tune/format_model.h"

#include <algorithm>
#include <map>
#include <optional>

#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/passes/layout.h"
#include "engine/passes/sink.h"
#include "engine/tune/format_reformat.h"

namespace vireo::tune {
namespace {

using graph::Desc;
using graph::Format;
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::Layout;
using graph::Tensor;
using graph::TensorId;
using passes::Perm;

constexpr int kFirst = 0, kLast = 1;  // the nodes of everything that has its layout for good

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// The layers and tensors of a graph, one after the other, into nodes.
class Modeller {
 public:
  Modeller(const Graph& g, const compile::CompileOptions& options, FormatSpace space)
      : g_(g), scratch_(g), options_(options), space_(std::move(space)), reformats_(g, space_) {
    model_.formats = space_.formats;
    model_.net.labels = model_.labels();
    model_.first = label_of({Layout::nchw});
    model_.last = label_of({Layout::nhwc});
    for (const Format& format : space_.formats) several_types_ = several_types_ || format.dtype != DataType::float32;
  }

  FormatModel run() {
    model_.net.nodes.resize(2, free());
    model_.net.nodes[kFirst].fixed = model_.first;
    model_.net.nodes[kLast].fixed = model_.last;
    for (const TensorId id : g_.inputs()) writes(id, kFirst);
    for (const LayerId id : g_.topological_order()) add(id);
    for (const Graph::Output& output : g_.outputs()) reads(output.tensor, kFirst);
    for (auto& [id, tensor] : tensors_) {
      std::sort(tensor.readers.begin(), tensor.readers.end());
      tensor.readers.erase(std::unique(tensor.readers.begin(), tensor.readers.end()), tensor.readers.end());
      if (tensor.readers.empty()) continue;
      tensor.reformat.resize(space_.formats.size() * space_.formats.size());
      model_.net.tensors.push_back(std::move(tensor));
      std::vector<Reformat>& between = model_.reformats.emplace_back();
      for (const Format& from : space_.formats)
        for (const Format& to : space_.formats) {
          between.push_back(reformats_.between(id, from, to));
          for (auto& step : between.back().steps) finish(*step);
        }
    }
    model_.through.resize(model_.net.nodes.size(), kNone);
    return std::move(model_);
  }

 private:
  [[nodiscard]] int label_of(const Format& format) const {
    const auto it = std::find(space_.formats.begin(), space_.formats.end(), format);
    if (it == space_.formats.end()) base::fail(ErrorCode::internal, "formats to choose among lack ", to_string(format));
    return static_cast<int>(it - space_.formats.begin());
  }
  [[nodiscard]] FormatNode free() const { return {std::vector<double>(space_.formats.size(), 0.0), -1}; }
  [[nodiscard]] bool has_layout(TensorId id) const {
    return id != kNone && g_.tensor(id).is_static() && g_.tensor(id).dims.size() >= 3 && !g_.tensor(id).constant;
  }
  /// Also those without a layout, where there are types to choose.
  [[nodiscard]] bool has_format(TensorId id) const {
    return has_layout(id) || (several_types_ && id != kNone && g_.tensor(id).is_static() && !g_.tensor(id).constant);
  }
  void writes(TensorId id, int node) {
    if (has_format(id)) tensors_[id].writer = node;
  }
  void reads(TensorId id, int node) {
    if (has_format(id)) tensors_[id].readers.push_back(node);
  }
  int free_node(LayerId through = kNone) {
    model_.through.resize(model_.net.nodes.size(), kNone);
    model_.through.push_back(through);
    model_.net.nodes.push_back(free());
    return static_cast<int>(model_.net.nodes.size()) - 1;
  }
  void through(LayerId id, int reading, int writing) {
    for (const TensorId x : g_.layer(id).inputs) reads(x, reading);
    for (const TensorId y : g_.layer(id).outputs) writes(y, writing);
  }
  /// A layer whose tensors have their channels first. It may have types to choose.
  void plain(LayerId id) {
    if (!several_types_ || !known(id)) return through(id, kFirst, kFirst);
    FormatLayer entry = typed(id, Layout::nchw, std::vector<bool>(g_.layer(id).inputs.size(), true), true);
    const auto others = [&](int label) { return label != model_.first && entry.either[at(label)]; };
    bool any = false;
    for (int label = 0; label < model_.labels(); ++label) any = any || others(label);
    if (!any) return through(id, kFirst, kFirst);
    const int node = free_node();
    through(id, node, node);
    add_entry(std::move(entry), node);
  }
  [[nodiscard]] bool known(LayerId id) const {
    const auto is = [&](TensorId t) { return t == kNone || g_.tensor(t).is_static(); };
    return std::ranges::all_of(g_.layer(id).inputs, is) && std::ranges::all_of(g_.layer(id).outputs, is);
  }

  /// A layer that doesn't care for layouts, in each type; formats of another layout than `only` left out.
  FormatLayer typed(LayerId id, std::optional<Layout> only, const std::vector<bool>& inputs, bool outputs) {
    FormatLayer entry{id, 0, false, {}};
    for (const Format& format : space_.formats)
      entry.either.push_back(only && format.layout != *only ? nullptr : in_format(id, format, inputs, outputs, false));
    return entry;
  }
  void add_entry(FormatLayer entry, int node) {
    entry.node = node;
    for (int label = 0; label < model_.labels(); ++label)
      if (!entry.either[at(label)]) model_.net.nodes[at(node)].seconds[at(label)] = kCannot;
    model_.layers.push_back(std::move(entry));
  }

  /// The layer's problem with these inputs and its outputs in a format; null where it can't have that. `turned`: it has
  /// a layout, which is the format's.
  std::unique_ptr<OwnProblem> in_format(LayerId id, const Format& format, const std::vector<bool>& inputs, bool outputs,
                                        bool turned) {
    const Layer& layer = g_.layer(id);
    const bool last = turned && format.layout == Layout::nhwc;
    auto own = std::make_unique<OwnProblem>();
    own->attributes = layer.attributes;
    if (turned) own->attributes.set("layout", std::string(to_string(format.layout)));
    own->problem.op = layer.op;
    bool possible = true;
    const auto add = [&](std::vector<Desc>& list, TensorId x, bool formatted) {
      if (x == kNone) {
        list.emplace_back();
        return;
      }
      const Tensor& t = g_.tensor(x);
      const bool typed = formatted && !t.constant;
      possible = possible && (!typed || reformats_.can_be(x, format));
      list.push_back(dense(typed ? type_in(t, format) : t.dtype, formatted && last ? last_dims(t.dims) : t.dims));
      list.back().constant = t.constant;
    };
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) add(own->problem.inputs, layer.inputs[k], inputs[k]);
    for (const TensorId y : layer.outputs) add(own->problem.outputs, y, outputs);
    if (!possible) return nullptr;
    const Prediction predicted = finish(*own);
    const bool foreign = format.dtype != DataType::float32;
    if (foreign && (predicted.reference || predicted.seconds >= kCannot)) return nullptr;
    return own;
  }

  void add(LayerId id) {
    const Layer& layer = g_.layer(id);
    const TensorId x = layer.inputs.empty() ? kNone : layer.inputs[0];
    if (passes::becomes_channels_last(g_, id)) return add_either(id, true);
    if (layer.op->name == "transpose") return add_transpose(id);
    if (layer.op->axis_order == graph::AxisOrder::free_together) return add_joined(id);
    if (!has_layout(x) || layer.attributes.has("layout")) return plain(id);
    if (layer.op->axis_order == graph::AxisOrder::layout)
      return g_.tensor(x).dims.size() == 4 ? add_either(id, false) : plain(id);
    const auto sunk = passes::sink_single(scratch_, id, x, from_last(g_.tensor(x).dims.size()));
    if (!sunk) return plain(id);
    const std::size_t rank = sunk->perm.size();
    if (!passes::is_identity(sunk->perm) && (rank < 3 || sunk->perm != from_last(rank))) return plain(id);
    const int node = free_node(id);
    reads(x, node);
    for (std::size_t k = 1; k < layer.inputs.size(); ++k) reads(layer.inputs[k], kFirst);
    const bool layout_ends = passes::is_identity(sunk->perm);
    for (const TensorId y : layer.outputs) writes(y, layout_ends ? kFirst : node);
    std::vector<bool> formatted(layer.inputs.size(), false);
    formatted[0] = true;
    if (several_types_) add_entry(typed(id, {}, formatted, !layout_ends), node);
  }

  void add_transpose(LayerId id) {
    const Perm perm = passes::perm_of(g_, id);
    if (perm.size() >= 3 && perm == passes::inverse(from_last(perm.size()))) return through(id, kLast, kFirst);
    if (perm.size() >= 3 && perm == from_last(perm.size())) return through(id, kFirst, kLast);
    plain(id);
  }

  /// Layers that are in one layout with all that they read, if that can be.
  void add_joined(LayerId id) {
    const Layer& layer = g_.layer(id);
    const TensorId y = layer.outputs[0];
    bool free = has_layout(y);
    for (const TensorId x : layer.inputs) {
      if (!free || x == kNone) continue;
      const Tensor& t = g_.tensor(x);
      const bool single = t.is_static() && element_count(t.dims) == 1 && !layer.op->parts_of_output;
      free = t.constant || single || (has_layout(x) && t.dims.size() == g_.tensor(y).dims.size());
    }
    if (!free) return plain(id);
    const int node = free_node(id);
    std::vector<bool> formatted;
    for (const TensorId x : layer.inputs) {
      formatted.push_back(x != kNone && has_layout(x) && g_.tensor(x).dims.size() == g_.tensor(y).dims.size());
      reads(x, formatted.back() ? node : kFirst);
    }
    writes(y, node);
    if (several_types_) add_entry(typed(id, {}, formatted, true), node);
  }

  /// Layers with a kernel for either layout.
  void add_either(LayerId id, bool decided) {
    if (!known(id)) return through(id, kFirst, kFirst);
    const Layer& layer = g_.layer(id);
    const int node = free_node();
    const int residual = layer.op->residual_input;
    std::vector<bool> formatted;
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      formatted.push_back(k == 0 || static_cast<int>(k) == residual);
      reads(layer.inputs[k], formatted[k] ? node : kFirst);
    }
    for (const TensorId y : layer.outputs) writes(y, node);
    FormatLayer entry{id, node, decided, {}};
    for (const Format& format : space_.formats) entry.either.push_back(in_format(id, format, formatted, true, true));
    add_entry(std::move(entry), node);
  }

  Prediction finish(OwnProblem& own) {
    own.problem.attributes = &own.attributes;
    own.problem.workers = options_.workers;
    own.key = choice_key(own.problem, options_);
    const auto [it, fresh] = known_.try_emplace(own.key);
    if (fresh) it->second = space_.predict ? space_.predict(own.problem) : predict_best(own.problem, options_);
    own.predicted = it->second.seconds;
    own.has_model = it->second.has_model;
    return it->second;
  }

  const Graph& g_;
  Graph scratch_;  ///< where sink_single leaves its constants
  const compile::CompileOptions& options_;
  const FormatSpace space_;
  const Reformats reformats_;
  bool several_types_ = false;
  FormatModel model_;
  std::map<TensorId, FormatTensor> tensors_;
  std::map<std::string, Prediction> known_;
};

}  // namespace

Prediction predict_best(const graph::Problem& problem, const compile::CompileOptions& options) {
  // What a reference does in a second on one core, about: it indexes every element anew.
  constexpr double kReferenceFlops = 0.3e9;
  Prediction best{kCannot, false};
  bool any = false;
  for (const compile::Candidate& c : candidates(problem, options)) {
    if (!c.refused.empty()) continue;
    if (!c.tactic && any) continue;
    any = true;
    Prediction one{compile::predict_seconds(problem), false};
    if (!c.tactic) one.seconds = compile::flops_of(problem) / kReferenceFlops + compile::bytes_of(problem) / 1e9;
    if (!c.tactic) one.reference = true;
    if (c.tactic && c.tactic->predict) one = {c.tactic->predict(problem), true};
    if (one.seconds < best.seconds) best = one;
  }
  return best;
}

FormatSpace permitted_formats(const compile::CompileOptions&) {
  return {.formats = {Format{Layout::nchw}, Format{Layout::nhwc}}};  // no tactic takes tensors of another type yet
}

FormatModel format_model(const Graph& graph, const compile::CompileOptions& options, FormatSpace space) {
  return Modeller(graph, options, std::move(space)).run();
}

FormatModel format_model(const Graph& graph, const compile::CompileOptions& options) {
  return format_model(graph, options, permitted_formats(options));
}

}  // namespace vireo::tune
