#include "engine/compile/partition.h"

#include <algorithm>
#include <set>

#include "engine/base/text.h"
#include "engine/compile/memory_plan.h"
#include "engine/compile/placement.h"
#include "engine/graph/extract.h"
#include "engine/graph/operator.h"
#include "engine/graph/pins.h"

namespace vireo::compile {
namespace {

using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Layers in the order in which they run, as runs of one device.
std::vector<std::vector<LayerId>> schedule(const Graph& g, const std::vector<std::int32_t>& device_of) {
  const std::vector<LayerId> order = g.topological_order();
  std::vector<std::size_t> place(index(g.layer_count()), 0);
  for (std::size_t i = 0; i < order.size(); ++i) place[index(order[i])] = i;
  std::vector<int> waiting(index(g.layer_count()), 0);  // inputs that no layer has made yet
  std::set<std::size_t> ready[2];                       // places in the order, by device
  const auto device = [&](LayerId id) { return index(device_of[index(id)]); };
  for (LayerId id : order) {
    for (TensorId t : g.layer(id).inputs) waiting[index(id)] += t != kNone && g.tensor(t).producer != kNone;
    if (waiting[index(id)] == 0) ready[device(id)].insert(place[index(id)]);
  }
  std::vector<std::vector<LayerId>> runs;
  std::size_t current = !order.empty() ? device(order.front()) : 0;
  while (!ready[0].empty() || !ready[1].empty()) {
    if (ready[current].empty()) current = 1 - current;
    std::vector<LayerId>& run = runs.emplace_back();
    while (!ready[current].empty()) {
      const LayerId id = order[*ready[current].begin()];
      ready[current].erase(ready[current].begin());
      run.push_back(id);
      for (TensorId t : g.layer(id).outputs)
        for (LayerId consumer : g.tensor(t).consumers)
          if (--waiting[index(consumer)] == 0) ready[device(consumer)].insert(place[index(consumer)]);
    }
  }
  return runs;
}

/// Makes a part of each run.
class Cutter {
 public:
  Cutter(const Graph& g, const std::vector<std::int32_t>& device_of) : g_(g), device_of_(device_of) {}

  Partition run() {
    runs_ = schedule(g_, device_of_);
    run_of_.assign(index(g_.tensor_count()), -1);
    for (std::size_t r = 0; r < runs_.size(); ++r)
      for (LayerId id : runs_[r])
        for (TensorId t : g_.layer(id).outputs) run_of_[index(t)] = static_cast<int>(r);
    boundary_of_.assign(index(g_.tensor_count()), -1);
    for (std::size_t r = 0; r < runs_.size(); ++r) cut(static_cast<int>(r));
    result_.boundary_bytes = plan_memory(blocks_);
    for (std::size_t k = 0; k < blocks_.size(); ++k) result_.boundary[k].offset = blocks_[k].offset;
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool made_before(TensorId t, int run) const {
    return t != kNone && !g_.tensor(t).constant && run_of_[index(t)] != run;
  }

  void cut(int run) {
    Part part;
    const std::vector<LayerId>& layers = runs_[static_cast<std::size_t>(run)];
    part.device = device_of_[index(layers.front())];
    graph::Extract extract(g_, part.graph);
    const std::vector<TensorId>& inputs = g_.inputs();
    std::set<TensorId> known;
    const auto add_input = [&](TensorId t) {
      if (!known.insert(t).second) return;
      extract.input(t, g_.tensor(t).name);
      const auto it = std::find(inputs.begin(), inputs.end(), t);
      if (it != inputs.end()) {
        part.outside.push_back(static_cast<std::int32_t>(it - inputs.begin()));
        return;
      }
      part.outside.push_back(-1 - boundary_of_[index(t)]);
      device::BoundaryTensor& tensor = result_.boundary[index(boundary_of_[index(t)])];
      blocks_[static_cast<std::size_t>(&tensor - result_.boundary.data())].last = run;
    };
    for (LayerId id : layers)
      for (TensorId t : g_.layer(id).inputs)
        if (made_before(t, run)) add_input(t);
    // Outputs of the network that nobody makes go with the first part.
    const auto belongs = [&](TensorId t) { return run_of_[index(t)] == run || (run_of_[index(t)] < 0 && run == 0); };
    for (const Graph::Output& output : g_.outputs())
      if (belongs(output.tensor) && run_of_[index(output.tensor)] < 0 && !g_.tensor(output.tensor).constant)
        add_input(output.tensor);
    for (LayerId id : layers) extract.layer(id);
    part.graph.infer_all();
    for (std::size_t k = 0; k < g_.outputs().size(); ++k) {
      const Graph::Output& output = g_.outputs()[k];
      if (!belongs(output.tensor)) continue;
      part.graph.mark_output(extract.tensor(output.tensor), output.name);
      part.outside.push_back(static_cast<std::int32_t>(inputs.size() + k));
    }
    for (LayerId id : layers)
      for (TensorId t : g_.layer(id).outputs)
        if (leaves(t, run)) hand_on(t, run, extract, part);
    result_.parts.push_back(std::move(part));
  }

  /// Another part reads it.
  [[nodiscard]] bool leaves(TensorId t, int run) const {
    return std::ranges::any_of(g_.tensor(t).consumers,
                               [&](LayerId id) { return run_of_[index(g_.layer(id).outputs[0])] != run; });
  }

  void hand_on(TensorId t, int run, graph::Extract& extract, Part& part) {
    const graph::Tensor& tensor = g_.tensor(t);
    boundary_of_[index(t)] = static_cast<std::int32_t>(result_.boundary.size());
    part.graph.mark_output(extract.tensor(t), tensor.name);
    part.outside.push_back(-1 - boundary_of_[index(t)]);
    result_.boundary.push_back({tensor.name, byte_count(tensor.dtype, tensor.dims), 0});
    blocks_.push_back({result_.boundary.back().bytes, run, run, 0});
  }

  const Graph& g_;
  const std::vector<std::int32_t>& device_of_;
  std::vector<std::vector<LayerId>> runs_;
  std::vector<int> run_of_;                ///< by tensor: where it is made; -1: nowhere
  std::vector<std::int32_t> boundary_of_;  ///< by tensor
  std::vector<Block> blocks_;              ///< of the boundary; stages are parts
  Partition result_;
};

}  // namespace

std::vector<std::int32_t> assign_devices(const Graph& g, const CompileOptions& options, std::vector<std::string>* why) {
  std::vector<std::int32_t> devices(index(g.layer_count()), kTarget);
  if (why) why->assign(index(g.layer_count()), "");
  if (options.target->is_cpu()) return devices;
  const Placement dense = dense_placement(g);  // a view must not decide where a layer runs
  for (LayerId id : g.topological_order()) {
    const graph::Layer& layer = g.layer(id);
    if (layer.op->alias) {
      const LayerId producer =
          layer.inputs.empty() || layer.inputs[0] == kNone ? kNone : g.tensor(layer.inputs[0]).producer;
      if (producer != kNone) devices[index(id)] = devices[index(producer)];
      continue;
    }
    if (graph::is_pinned_to_cpu(layer.attributes)) {
      devices[index(id)] = kCpu;
      if (why) (*why)[index(id)] = "pinned to the CPU";
      continue;
    }
    const graph::Problem problem = problem_of(g, id, dense, options);
    std::vector<Candidate> list = candidates(problem, options);
    if (choose_candidate(problem, list, options)) continue;
    devices[index(id)] = kCpu;
    if (!why) continue;
    for (const Candidate& c : list)
      if (c.tactic) (*why)[index(id)] += base::str((*why)[index(id)].empty() ? "" : "; ", name_of(c), ": ", c.refused);
    if ((*why)[index(id)].empty()) (*why)[index(id)] = base::str("no kernel for ", options.target->kind);
  }
  return devices;
}

Partition partition(const Graph& g, const std::vector<std::int32_t>& device_of) { return Cutter(g, device_of).run(); }

}  // namespace vireo::compile
