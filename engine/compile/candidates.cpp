// The problems of a graph, the tactics that may run each, and their cost by a rough model.

#include <algorithm>
#include <memory>
#include <mutex>

#include "engine/base/caught.h"
#include "engine/base/text.h"
#include "engine/compile/compile.h"
#include "engine/compile/kernel_override.h"
#include "engine/compile/placement.h"
#include "engine/compile/tactic_sources.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/graph/pins.h"

namespace vireo::compile {
using graph::Desc;
using graph::Isa;
using graph::Launch;
using graph::Problem;

namespace {

/// What the reference needs to run as a tile: the problem with attributes of its own.
struct ReferenceState {
  struct Views {
    std::vector<graph::View> inputs, outputs;
  };

  explicit ReferenceState(const Problem& problem)
      : op(problem.op), attributes(*problem.attributes), inputs(problem.inputs), outputs(problem.outputs) {
    for (Desc& desc : inputs) desc.constant.reset();
    spare.push_back(make_views());
  }
  [[nodiscard]] std::unique_ptr<Views> make_views() const {
    auto views = std::make_unique<Views>();
    for (const Desc& desc : inputs) views->inputs.push_back({desc.dtype, desc.dims, nullptr});
    for (const Desc& desc : outputs) views->outputs.push_back({desc.dtype, desc.dims, nullptr});
    return views;
  }
  [[nodiscard]] std::unique_ptr<Views> take() const {
    {
      const std::lock_guard lock(mutex);
      if (!spare.empty()) {
        auto views = std::move(spare.back());
        spare.pop_back();
        return views;
      }
    }
    return make_views();
  }
  void give_back(std::unique_ptr<Views> views) const {
    const std::lock_guard lock(mutex);
    spare.push_back(std::move(views));
  }

  const graph::Operator* op;
  graph::Attributes attributes;
  std::vector<Desc> inputs, outputs;
  // One for each context that was inside at once: making them anew costs allocations in every run.
  mutable std::mutex mutex;
  mutable std::vector<std::unique_ptr<Views>> spare;
};

void run_reference(const graph::TileArgs& args) noexcept {
  const auto& state = *static_cast<const ReferenceState*>(args.state);
  try {
    auto views = state.take();
    for (std::size_t k = 0; k < views->inputs.size(); ++k) views->inputs[k].data = const_cast<void*>(args.inputs[k]);
    for (std::size_t k = 0; k < views->outputs.size(); ++k) views->outputs[k].data = args.outputs[k];
    state.op->reference({state.attributes, views->inputs, views->outputs});
    state.give_back(std::move(views));
  } catch (...) {
    args.fault->store(base::caught("a layer refused its data; the log says which and why").message());
  }
}

bool permits(Precision asked, Precision arithmetic) { return arithmetic == Precision::fp32 || arithmetic == asked; }

}  // namespace

std::vector<LayerProblem> problems(const graph::Graph& graph, const CompileOptions& options) {
  const std::vector<graph::LayerId> order = graph.topological_order();
  const Placement placement = place(graph, order, options);
  std::vector<LayerProblem> list;
  const auto known = [&](graph::TensorId t) { return t == graph::kNone || graph.tensor(t).is_static(); };
  for (graph::LayerId id : order)
    if (!graph.layer(id).op->loop_body && !placement.elided[static_cast<std::size_t>(id)] &&
        std::ranges::all_of(graph.layer(id).inputs, known) &&
        std::ranges::all_of(graph.layer(id).outputs, known))
      list.push_back({id, problem_of(graph, id, placement, options)});
  return list;
}

std::vector<Candidate> candidates(const Problem& problem, const CompileOptions& options) {
  std::vector<Candidate> list;
  const device::Target& target = *problem.target;
  const Precision precision = graph::permitted_precision(*problem.attributes, options.precision);
  const auto add = [&](std::span<const graph::Tactic> tactics) {
    for (const graph::Tactic& tactic : tactics) {
      if (tactic.device != target.kind) continue;
      std::string refused;
      if (target.is_cpu() && !graph::runs_on(tactic.isa, target.cpu))
        refused = "needs a processor with more instructions";
      else if (!permits(precision, tactic.arithmetic))
        refused = base::str("computes in ", to_string(tactic.arithmetic), "; ", to_string(precision), " is asked for");
      else if (options.exact && !tactic.exact) refused = "changes arithmetic; exact results are asked for";
      else if (tactic.refuse) refused = tactic.refuse(problem);
      list.push_back({&tactic, std::move(refused)});
    }
  };
  for (const auto& source : *tactic_sources()) add(source->tactics(*problem.op));
  if (problem.op->tactics) add(problem.op->tactics());
  std::string refused;
  if (!target.is_cpu()) refused = "runs on the CPU alone";
  for (const Desc& desc : problem.inputs)
    if (desc.present() && !desc.dense()) refused = "an input is a strided view";
  for (const Desc& desc : problem.outputs)
    if (desc.present() && !desc.dense()) refused = "an output is a strided view";
  list.push_back({nullptr, std::move(refused)});
  apply_kernel_override(list, [&](Candidate& c) { return admitted(problem, c, options); });
  return list;
}

bool admitted(const Problem& problem, Candidate& candidate, const CompileOptions& options) {
  if (!candidate.tactic || !candidate.tactic->admit) return true;
  Problem keyed = problem;
  keyed.packs = options.packs;  // what was measured stays with the plan
  candidate.refused = candidate.tactic->admit(keyed);
  return candidate.refused.empty();
}

namespace {

Candidate* choose_accepted(const Problem& problem, std::vector<Candidate>& list, const CompileOptions& options) {
  const plan::Choice* tuned = known_choice(options, choice_key(problem, options));
  Candidate* best = nullptr;
  double best_time = 0;
  for (Candidate& c : list) {
    if (!c.refused.empty()) continue;
    if (tuned && name_of(c) == tuned->tactic) return &c;
    const double time = c.tactic && c.tactic->predict ? c.tactic->predict(problem) : 0;
    const bool both = best && best->tactic && best->tactic->predict && c.tactic && c.tactic->predict;
    if (best && !(both && time < best_time)) continue;
    best = &c;
    best_time = time;
  }
  return best;
}

}  // namespace

const Candidate* choose_candidate(const Problem& problem, std::vector<Candidate>& list, const CompileOptions& options) {
  while (Candidate* best = choose_accepted(problem, list, options))
    if (admitted(problem, *best, options)) return best;
  return nullptr;
}

std::string choice_key(const Problem& problem, const CompileOptions& options) {
  std::string key = problem.key();
  if (options.precision != Precision::fp32) key += base::str(" ", to_string(options.precision));
  if (options.exact) key += " exact";
  if (problem.target->opencl.resident_groups > 0) key += " plan";  // costs other things there
  return key;
}

std::string_view name_of(const Candidate& candidate) {
  return candidate.tactic ? candidate.tactic->name : std::string_view("reference");
}

Launch prepare(const Problem& problem, const Candidate& candidate) {
  if (candidate.tactic) return candidate.tactic->prepare(problem);
  auto state = std::make_shared<ReferenceState>(problem);
  graph::CpuLaunch launch;
  launch.phases = {{&run_reference, 1}};
  launch.state = std::move(state);
  return launch;
}

double flops_of(const Problem& problem) {
  if (problem.op->flops) return problem.op->flops(problem);
  double count = 0;
  for (const Desc& desc : problem.outputs)
    if (desc.present()) count += static_cast<double>(desc.count());
  return count;
}

double bytes_of(const Problem& problem) {
  double bytes = 0;
  for (const Desc& desc : problem.inputs)
    if (desc.present()) bytes += static_cast<double>(desc.count()) * static_cast<double>(size_of(desc.dtype));
  for (const Desc& desc : problem.outputs)
    if (desc.present()) bytes += static_cast<double>(desc.count()) * static_cast<double>(size_of(desc.dtype));
  return bytes;
}

double predict_seconds(const Problem& problem) {
  // 60 GFLOP/s and 10 GB/s for each worker: middling for vector code on today's cores.
  return (flops_of(problem) / 60e9 + bytes_of(problem) / 10e9) / problem.workers;
}

}  // namespace vireo::compile
