#include "engine/compile/placement.h"

#include <algorithm>

#include "engine/compile/compile.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::Tensor;
using graph::TensorId;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

std::int64_t innermost(const Dims& dims) { return dims.empty() ? 1 : dims.back(); }

std::int64_t product(const Dims& dims, std::size_t first, std::size_t last) {
  std::int64_t n = 1;
  for (std::size_t i = first; i < last; ++i) n *= dims[i];
  return n;
}

class Placer {
 public:
  Placer(const Graph& g, const std::vector<LayerId>& order, const CompileOptions& options) : g_(g), order_(order) {
    options_.target = options.target;
    options_.workers = options.workers;
    result_ = dense_placement(g);
  }

  Placement run() {
    for (LayerId id : order_)
      if (g_.layer(id).op->alias && known(id)) alias(id);
    // Later concats first: a concat of concats becomes views of the outermost one.
    for (auto it = order_.rbegin(); it != order_.rend(); ++it)
      if (g_.layer(*it).op->parts_of_output && known(*it)) join(*it);
    for (LayerId id : order_)
      if (g_.layer(id).op->parts_of_input && known(id)) cut(id);
    return std::move(result_);
  }

 private:
  TensorPlace& at(TensorId id) { return result_.tensors[index(id)]; }

  /// Graphs are timed before what depends on data is known; such layers are not placed.
  [[nodiscard]] bool known(LayerId id) const {
    const auto is_known = [&](TensorId t) { return t == kNone || g_.tensor(t).is_static(); };
    return std::ranges::all_of(g_.layer(id).inputs, is_known) && std::ranges::all_of(g_.layer(id).outputs, is_known);
  }

  [[nodiscard]] bool external(TensorId id) const {
    const Tensor& t = g_.tensor(id);
    return t.constant || t.producer == kNone || g_.is_output(id);
  }
  /// No other tensor is a view of this one's block, and it owns its block.
  [[nodiscard]] bool sole_owner(TensorId id) const {
    for (std::size_t other = 0; other < result_.tensors.size(); ++other)
      if (result_.tensors[other].root == id && static_cast<TensorId>(other) != id) return false;
    return result_.tensors[index(id)].root == id;
  }
  [[nodiscard]] std::vector<TensorId> family(TensorId root) const {
    std::vector<TensorId> members;
    for (std::size_t id = 0; id < result_.tensors.size(); ++id)
      if (result_.tensors[id].root == root) members.push_back(static_cast<TensorId>(id));
    return members;
  }

  /// Reshape and the like: the output is the input's bytes. A network output needs a block of its own (it is the user's
  /// buffer).
  void alias(LayerId id) {
    const Layer& l = g_.layer(id);
    const TensorId from = l.inputs[0], to = l.outputs[0];
    if (g_.is_output(to) || g_.tensor(from).constant) return;
    if (g_.tensor(from).dtype != g_.tensor(to).dtype) return;
    const std::int64_t pitch = at(to).pitch;
    at(to) = at(from);
    at(to).pitch = pitch;
    result_.elided[index(id)] = 1;
  }

  /// Every layer that touches a tensor of the list still has a fast tactic under the present placement.
  bool accepted(const std::vector<TensorId>& touched) {
    for (TensorId t : touched) {
      std::vector<LayerId> layers = g_.tensor(t).consumers;
      if (g_.tensor(t).producer != kNone) layers.push_back(g_.tensor(t).producer);
      for (LayerId id : layers) {
        if (!known(id)) continue;
        if (result_.elided[index(id)]) {
          if (g_.layer(id).op->alias &&
              at(g_.layer(id).outputs[0]).pitch != innermost(g_.tensor(g_.layer(id).outputs[0]).dims))
            return false;
          continue;
        }
        const graph::Problem problem = problem_of(g_, id, result_, options_);
        const std::vector<Candidate> list = candidates(problem, options_);
        if (std::none_of(list.begin(), list.end(), [](const Candidate& c) { return c.refused.empty(); })) return false;
        // A strided view must not push a layer from vector code to the reference.
        const auto pitched = [](const graph::Desc& d) { return d.present() && !d.dense(); };
        if (std::any_of(problem.inputs.begin(), problem.inputs.end(), pitched) ||
            std::any_of(problem.outputs.begin(), problem.outputs.end(), pitched))
          if (std::none_of(list.begin(), list.end() - 1, [](const Candidate& c) { return c.refused.empty(); }))
            return false;
      }
    }
    return true;
  }

  /// Makes `part` a view of `whole` at element `start` along `axis`. False (and unchanged) when that can't be.
  bool view(TensorId part, TensorId whole, std::size_t axis, std::int64_t start) {
    const Dims& outer = g_.tensor(whole).dims;
    const std::size_t size = size_of(g_.tensor(whole).dtype);
    const bool contiguous = product(outer, 0, axis) == 1 && at(whole).pitch == innermost(outer);
    const bool last = axis + 1 == outer.size();
    if (!contiguous && !last) return false;
    if (outer.empty()) return false;
    const std::vector<TensorId> members = family(part);
    // All tensors of a pitched part's family must have its rows; views of views move along.
    std::vector<TensorPlace> before;
    for (TensorId m : members) before.push_back(at(m));
    const TensorPlace whole_place = at(whole);
    const std::int64_t row = g_.tensor(part).dims.back();
    for (TensorId m : members) {
      TensorPlace& p = at(m);
      if (contiguous && !(last && p.pitch != row && m != part)) {
        p.offset +=
            whole_place.offset + static_cast<std::size_t>(start * product(outer, axis + 1, outer.size())) * size;
        p.root = whole_place.root;
        continue;
      }
      if (contiguous || innermost(g_.tensor(m).dims) > whole_place.pitch || (m != part && p.pitch != row)) {
        for (std::size_t i = 0; i < members.size(); ++i) at(members[i]) = before[i];
        return false;
      }
      // p's own offset is columns within a row of `part`.
      p.offset += whole_place.offset + static_cast<std::size_t>(start) * size;
      p.root = whole_place.root;
      p.pitch = whole_place.pitch;
      p.row_bytes = static_cast<std::size_t>(innermost(g_.tensor(m).dims)) * size;
      p.pitch_bytes = static_cast<std::size_t>(whole_place.pitch) * size;
      const std::int64_t rows = row == 0 ? 0 : element_count(g_.tensor(part).dims) / row;
      p.span = rows == 0 ? 0 : static_cast<std::size_t>((rows - 1) * whole_place.pitch) * size + p.row_bytes;
    }
    return true;
  }

  void restore(const std::vector<TensorPlace>& saved) { result_.tensors = saved; }

  /// Inputs that lie next to each other in the output are written there at once.
  void join(LayerId id) {
    const Layer& l = g_.layer(id);
    const TensorId whole = l.outputs[0];
    const Tensor& w = g_.tensor(whole);
    const graph::Parts parts = l.op->parts_of_output(problem_of(g_, id, result_, options_));
    const std::vector<TensorPlace> saved = result_.tensors;
    bool good = true;
    std::vector<TensorId> touched;
    for (std::size_t k = 0; good && k < l.inputs.size(); ++k) {
      const TensorId part = l.inputs[k];
      if (g_.tensor(part).dims[parts.axis] == 0) continue;
      const TensorId root = at(part).root;
      const bool once = std::count(l.inputs.begin(), l.inputs.end(), part) == 1;
      good = once && root != kNone && !external(part) && !external(root) && g_.tensor(root).dtype == w.dtype &&
             at(part).span == at(root).span && at(part).offset == at(root).offset && root != at(whole).root;
      for (TensorId m : family(root)) good = good && !g_.is_output(m);
      // Aliases below the part: the block's owner gets the view, and its family with it.
      if (good && root != part) good = product(w.dims, 0, parts.axis) == 1;
      if (good) good = view_root(root, part, whole, parts.axis, parts.starts[k]);
      if (good)
        for (TensorId m : family(at(whole).root)) touched.push_back(m);
    }
    if (good) {
      result_.elided[index(id)] = 1;
      good = accepted(touched);
    }
    if (!good) {
      restore(saved);
      result_.elided[index(id)] = 0;
    }
  }

  bool view_root(TensorId root, TensorId part, TensorId whole, std::size_t axis, std::int64_t start) {
    if (root == part) return view(part, whole, axis, start);
    // The part is a reshaped root: contiguous views only; move the root's whole family by the offset.
    const Dims& outer = g_.tensor(whole).dims;
    if (at(whole).pitch != innermost(outer)) return false;
    const std::size_t shift =
        at(whole).offset +
        static_cast<std::size_t>(start * product(outer, axis + 1, outer.size())) * size_of(g_.tensor(whole).dtype);
    const TensorId target = at(whole).root;
    for (TensorId m : family(root)) {
      at(m).root = target;
      at(m).offset += shift;
    }
    return true;
  }

  /// Outputs that lie next to each other in the input are views of it.
  void cut(LayerId id) {
    const Layer& l = g_.layer(id);
    const TensorId whole = l.inputs[0];
    if (g_.tensor(whole).constant) return;
    const std::optional<graph::Parts> parts = l.op->parts_of_input(problem_of(g_, id, result_, options_));
    if (!parts) return;
    const std::vector<TensorPlace> saved = result_.tensors;
    std::vector<TensorId> touched;
    bool good = true;
    for (std::size_t k = 0; good && k < l.outputs.size(); ++k) {
      const TensorId part = l.outputs[k];
      if (part == kNone) continue;
      good = !g_.is_output(part) && at(part).root == part && view(part, whole, parts->axis, parts->starts[k]);
      if (good)
        for (TensorId m : family(at(whole).root))
          if (at(m).offset >= at(part).offset) touched.push_back(m);
    }
    if (good) {
      result_.elided[index(id)] = 1;
      good = accepted(touched);
    }
    if (!good) {
      restore(saved);
      result_.elided[index(id)] = 0;
    }
  }

  const Graph& g_;
  const std::vector<LayerId>& order_;
  CompileOptions options_;  ///< whatever the build permits: a layer must not lose its fast kernels to a view
  Placement result_;
};

}  // namespace

Placement dense_placement(const Graph& g) {
  Placement result;
  result.tensors.resize(index(g.tensor_count()));
  result.elided.assign(index(g.layer_count()), 0);
  for (TensorId id = 0; id < g.tensor_count(); ++id) {
    const Tensor& t = g.tensor(id);
    if (!t.is_static()) continue;
    const std::size_t bytes = byte_count(t.dtype, t.dims);
    result.tensors[index(id)] = {id, 0, innermost(t.dims), bytes, bytes, 0};
  }
  return result;
}

Placement place(const Graph& graph, const std::vector<LayerId>& order, const CompileOptions& options) {
  return Placer(graph, order, options).run();
}

graph::Problem problem_of(const Graph& g, LayerId id, const Placement& placement, const CompileOptions& options) {
  const Layer& l = g.layer(id);
  graph::Problem problem;
  problem.op = l.op;
  problem.attributes = &l.attributes;
  problem.target = options.target;
  problem.workers = options.target->is_cpu() ? options.workers : 1;  // other devices share out their own
  const auto describe = [&](TensorId t) -> graph::Desc {
    if (t == kNone) return {};
    const Tensor& tensor = g.tensor(t);
    const TensorPlace& place = placement.tensors[index(t)];
    // Blocks begin at multiples of 64.
    const auto alignment =
        static_cast<std::int32_t>(place.offset ? std::min<std::size_t>(64, place.offset & -place.offset) : 64);
    return {tensor.dtype, tensor.dims, place.pitch, tensor.constant, alignment};
  };
  for (TensorId t : l.inputs) problem.inputs.push_back(describe(t));
  for (TensorId t : l.outputs) problem.outputs.push_back(describe(t));
  return problem;
}

bool share_bytes(const TensorPlace& a, const TensorPlace& b) {
  if (a.root != b.root || a.span == 0 || b.span == 0) return false;
  if (a.offset + a.span <= b.offset || b.offset + b.span <= a.offset) return false;
  if (a.pitch_bytes == 0 || a.pitch_bytes != b.pitch_bytes) return true;
  // Both are columns of the same rows: they share bytes when their ranges within a row do.
  const std::size_t row = a.pitch_bytes, from_a = a.offset % row, from_b = b.offset % row;
  if (from_a + a.row_bytes > row || from_b + b.row_bytes > row) return true;
  return from_a < from_b + b.row_bytes && from_b < from_a + a.row_bytes;
}

}  // namespace vireo::compile
