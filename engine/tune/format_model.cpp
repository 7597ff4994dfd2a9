#include "engine/tune/format_model.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "engine/graph/operator.h"
#include "engine/ops/table.h"
#include "engine/passes/layout.h"
#include "engine/passes/sink.h"

namespace vireo::tune {
namespace {

using graph::Desc;
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::Tensor;
using graph::TensorId;
using passes::Perm;

constexpr int kFirst = 0, kLast = 1;  // the nodes of everything that has its layout for good

/// What stands behind a channels-last layer: the last axis moves to index 1.
Perm from_last(std::size_t rank) {
  Perm perm{0, static_cast<std::int64_t>(rank) - 1};
  for (std::size_t i = 2; i < rank; ++i) perm.push_back(static_cast<std::int64_t>(i) - 1);
  return perm;
}

Dims last_dims(const Dims& dims) {
  Dims turned;
  for (const std::int64_t axis : passes::inverse(from_last(dims.size())))
    turned.push_back(dims[static_cast<std::size_t>(axis)]);
  return turned;
}

Desc dense(DataType dtype, Dims dims) {
  Desc desc{dtype, std::move(dims), 1, nullptr};
  if (!desc.dims.empty()) desc.pitch = desc.dims.back();
  return desc;
}

/// The layers and tensors of a graph, one after the other, into nodes.
class Modeller {
 public:
  Modeller(const Graph& g, const compile::CompileOptions& options) : g_(g), scratch_(g), options_(options) {}

  FormatModel run() {
    model_.net.nodes.resize(2);
    model_.net.nodes[kFirst].fixed = 0;
    model_.net.nodes[kLast].fixed = 1;
    for (const TensorId id : g_.inputs()) writes(id, kFirst);
    for (const LayerId id : g_.topological_order()) add(id);
    for (const Graph::Output& output : g_.outputs()) reads(output.tensor, kFirst);
    for (auto& [id, tensor] : tensors_) {
      std::sort(tensor.readers.begin(), tensor.readers.end());
      tensor.readers.erase(std::unique(tensor.readers.begin(), tensor.readers.end()), tensor.readers.end());
      if (tensor.readers.empty()) continue;
      model_.net.tensors.push_back(std::move(tensor));
      model_.reorders.push_back({reorder(id, true), reorder(id, false)});
    }
    model_.through.resize(model_.net.nodes.size(), kNone);
    return std::move(model_);
  }

 private:
  [[nodiscard]] bool has_layout(TensorId id) const {
    return id != kNone && g_.tensor(id).is_static() && g_.tensor(id).dims.size() >= 3 && !g_.tensor(id).constant;
  }
  void writes(TensorId id, int node) {
    if (has_layout(id)) tensors_[id].writer = node;
  }
  void reads(TensorId id, int node) {
    if (has_layout(id)) tensors_[id].readers.push_back(node);
  }
  int free_node(LayerId through = kNone) {
    model_.through.resize(model_.net.nodes.size(), kNone);
    model_.through.push_back(through);
    model_.net.nodes.emplace_back();
    return static_cast<int>(model_.net.nodes.size()) - 1;
  }
  void through(LayerId id, int reading, int writing) {
    for (const TensorId x : g_.layer(id).inputs) reads(x, reading);
    for (const TensorId y : g_.layer(id).outputs) writes(y, writing);
  }

  void add(LayerId id) {
    const Layer& layer = g_.layer(id);
    const std::string_view op = layer.op->name;
    const TensorId x = layer.inputs.empty() ? kNone : layer.inputs[0];
    if (passes::becomes_channels_last(g_, id)) return add_either(id, true);
    if (op == "transpose") return add_transpose(id);
    if (op == "binary" || op == "where" || op == "concat") return add_joined(id);
    if (!has_layout(x) || layer.attributes.has("layout")) return through(id, kFirst, kFirst);
    if (op == "instance_norm" || op == "group_norm" || op == "lrn" || op == "depth_to_space" || op == "space_to_depth")
      return g_.tensor(x).dims.size() == 4 ? add_either(id, false) : through(id, kFirst, kFirst);
    const auto sunk = passes::sink_single(scratch_, id, x, from_last(g_.tensor(x).dims.size()));
    if (!sunk) return through(id, kFirst, kFirst);
    const std::size_t rank = sunk->perm.size();
    if (!passes::is_identity(sunk->perm) && (rank < 3 || sunk->perm != from_last(rank)))
      return through(id, kFirst, kFirst);
    const int node = free_node(id);
    reads(x, node);
    for (std::size_t k = 1; k < layer.inputs.size(); ++k) reads(layer.inputs[k], kFirst);
    for (const TensorId y : layer.outputs) writes(y, passes::is_identity(sunk->perm) ? kFirst : node);
  }

  void add_transpose(LayerId id) {
    const Layer& layer = g_.layer(id);
    const Perm perm = passes::perm_of(g_, id);
    if (perm.size() >= 3 && perm == passes::inverse(from_last(perm.size()))) return through(id, kLast, kFirst);
    if (perm.size() >= 3 && perm == from_last(perm.size())) return through(id, kFirst, kLast);
    through(id, kFirst, kFirst);
  }

  /// binary, where, concat: in one layout with all that they read, if that can be.
  void add_joined(LayerId id) {
    const Layer& layer = g_.layer(id);
    const TensorId y = layer.outputs[0];
    bool free = has_layout(y);
    for (const TensorId x : layer.inputs) {
      if (!free || x == kNone) continue;
      const Tensor& t = g_.tensor(x);
      const bool single = t.is_static() && element_count(t.dims) == 1 && layer.op->name != "concat";
      free = t.constant || single || (has_layout(x) && t.dims.size() == g_.tensor(y).dims.size());
    }
    const int node = free ? free_node(id) : kFirst;
    for (const TensorId x : layer.inputs)
      if (x != kNone && has_layout(x) && g_.tensor(x).dims.size() == g_.tensor(y).dims.size()) reads(x, node);
      else reads(x, kFirst);
    writes(y, node);
  }

  /// Layers with a kernel for either layout.
  void add_either(LayerId id, bool decided) {
    const Layer& layer = g_.layer(id);
    const auto known = [&](TensorId t) { return t == kNone || g_.tensor(t).is_static(); };
    if (!std::ranges::all_of(layer.inputs, known) || !std::ranges::all_of(layer.outputs, known))
      return through(id, kFirst, kFirst);
    const int node = free_node();
    const bool conv = layer.op->name == "conv";
    for (std::size_t k = 0; k < layer.inputs.size(); ++k)
      reads(layer.inputs[k], k == 0 || (k == 3 && conv) ? node : kFirst);
    for (const TensorId y : layer.outputs) writes(y, node);
    FormatLayer entry{id, node, decided, {}};
    for (const bool last : {false, true}) {
      auto own = std::make_unique<OwnProblem>();
      own->attributes = layer.attributes;
      own->attributes.set("layout", std::string(last ? "nhwc" : "nchw"));
      own->problem.op = layer.op;
      for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
        const TensorId x = layer.inputs[k];
        if (x == kNone) {
          own->problem.inputs.emplace_back();
          continue;
        }
        const Tensor& t = g_.tensor(x);
        own->problem.inputs.push_back(
            dense(t.dtype, last && (k == 0 || (k == 3 && conv)) ? last_dims(t.dims) : t.dims));
        own->problem.inputs.back().constant = t.constant;
      }
      for (const TensorId y : layer.outputs) {
        const Tensor& t = g_.tensor(y);
        own->problem.outputs.push_back(dense(t.dtype, last ? last_dims(t.dims) : t.dims));
      }
      entry.either[last ? 1 : 0] = finished(std::move(own));
    }
    model_.layers.push_back(std::move(entry));
  }

  std::unique_ptr<OwnProblem> reorder(TensorId id, bool to_last) {
    const Tensor& t = g_.tensor(id);
    std::int64_t rest = 1;
    for (std::size_t i = 2; i < t.dims.size(); ++i) rest *= t.dims[i];
    if (rest <= 1 || t.dims[1] <= 1 || t.dims[0] == 0) return nullptr;
    const Perm perm = to_last ? passes::inverse(from_last(t.dims.size())) : from_last(t.dims.size());
    auto own = std::make_unique<OwnProblem>();
    own->attributes.set("perm", perm);
    own->problem.op = ops::find_operator("transpose");
    own->problem.inputs.push_back(dense(t.dtype, to_last ? t.dims : last_dims(t.dims)));
    own->problem.outputs.push_back(dense(t.dtype, to_last ? last_dims(t.dims) : t.dims));
    return finished(std::move(own));
  }

  std::unique_ptr<OwnProblem> finished(std::unique_ptr<OwnProblem> own) {
    own->problem.attributes = &own->attributes;
    own->problem.workers = options_.workers;
    own->key = choice_key(own->problem, options_);
    const auto [it, fresh] = known_.try_emplace(own->key);
    if (fresh) it->second = predict_best(own->problem, options_);
    own->predicted = it->second.seconds;
    own->has_model = it->second.has_model;
    return own;
  }

  const Graph& g_;
  Graph scratch_;  ///< where sink_single leaves its constants
  const compile::CompileOptions& options_;
  FormatModel model_;
  std::map<TensorId, FormatTensor> tensors_;
  std::map<std::string, Prediction> known_;
};

}  // namespace

Prediction predict_best(const graph::Problem& problem, const compile::CompileOptions& options) {
  // What a reference does in a second on one core, about: it indexes every element anew.
  constexpr double kReferenceFlops = 0.3e9;
  Prediction best{1e30, false};
  bool any = false;
  for (const compile::Candidate& c : candidates(problem, options)) {
    if (!c.refused.empty()) continue;
    if (!c.tactic && any) continue;
    any = true;
    Prediction one{compile::predict_seconds(problem), false};
    if (!c.tactic) one.seconds = compile::flops_of(problem) / kReferenceFlops + compile::bytes_of(problem) / 1e9;
    if (c.tactic && c.tactic->predict) one = {c.tactic->predict(problem), true};
    if (one.seconds < best.seconds) best = one;
  }
  return best;
}

FormatModel format_model(const Graph& graph, const compile::CompileOptions& options) {
  return Modeller(graph, options).run();
}

}  // namespace vireo::tune
