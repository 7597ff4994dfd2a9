#include "engine/compile/segment.h"

#include <algorithm>
#include <optional>
#include <span>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/compile/depth_first.h"
#include "engine/compile/parallel.h"
#include "engine/compile/placement.h"
#include "engine/compile/segment_memory.h"
#include "engine/compile/share_work.h"
#include "engine/compile/strided_copy.h"
#include "engine/compile/waves.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
using device::Place;
using device::Segment;
using device::Stage;
using device::Step;
using graph::Graph;
using graph::kNone;
using graph::Layer;
using graph::LayerId;
using graph::TensorId;

namespace {

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

// Steps predicted to be shorter than this join their neighbours in one stage where they are independent: a barrier, and
// the wait for the slowest worker, cost about as much as they do.
constexpr double kSmallStep_s = 40e-6;

class Compiler {
 public:
  Compiler(const Graph& g, const CompileOptions& options, const WorkspaceCaps& caps)
      : g_(g), options_(options), caps_(caps) {}

  Segment run() {
    if (options_.traced) segment_.source = std::make_shared<const Graph>(g_);
    order_ = g_.topological_order();
    if (in_waves()) order_by_level(g_, order_);
    placement_ = place(g_, order_, options_);
    segment_.workers = options_.workers;
    make_bindings();
    std::vector<const std::vector<LayerId>*> group_of(index(g_.layer_count()), nullptr);
    std::vector<std::vector<LayerId>> groups;
    if (options_.target->is_cpu() && !caps_.least) groups = choose_depth_first(g_, order_, placement_, options_);
    for (const std::vector<LayerId>& group : groups)
      for (LayerId id : group) group_of[index(id)] = &group;
    for (LayerId id : order_) {
      const std::vector<LayerId>* group = group_of[index(id)];
      if (options_.deadline) options_.deadline->check(g_.layer(id).name);
      if (placement_.elided[index(id)]) continue;
      if (!group) make_step(id);
      else if (group->back() == id)
        make_depth_first(*group);  // where its last layer stands, all that it reads is there
    }
    prepare_steps();
    make_output_copies();
    reuse_in_place(g_, binding_of_, drafts_);
    marked_.assign(index(g_.tensor_count()), 0);
    if (in_waves() && !options_.traced) mark_tensors(g_, placement_, binding_of_, drafts_, segment_, marked_);
    if (options_.target->is_cpu()) form_stages();
    else one_after_the_other(drafts_, marked_, in_waves(), segment_);
    offsets_ = plan_segment_memory(g_, placement_, binding_of_, drafts_, marked_, options_, segment_);
    resolve();
    return std::move(segment_);
  }

 private:
  /// A tactic that was chosen, to be prepared together with all others: packing weights takes most of the time.
  struct Pending {
    std::size_t step;
    graph::Problem problem;
    Candidate candidate;
  };

  void make_bindings() {
    for (TensorId id : g_.inputs()) bind(id, g_.tensor(id).name, false);
    binding_of_.assign(index(g_.tensor_count()), -1);
    for (std::size_t k = 0; k < g_.inputs().size(); ++k) binding_of_[index(g_.inputs()[k])] = static_cast<int>(k);
    for (const Graph::Output& output : g_.outputs()) {
      const int binding = bind(output.tensor, output.name, true);
      const graph::Tensor& t = g_.tensor(output.tensor);
      // The first output that names a produced tensor is written directly; inputs, constants and repetitions are
      // copied.
      if (t.producer != kNone && binding_of_[index(output.tensor)] < 0 &&
          placement_.tensors[index(output.tensor)].root == output.tensor)
        binding_of_[index(output.tensor)] = binding;
      else copies_.push_back({output.tensor, binding});
    }
  }

  int bind(TensorId id, const std::string& name, bool output) {
    const graph::Tensor& t = g_.tensor(id);
    device::Binding binding;
    binding.info = {name, t.dtype, t.dims, std::vector<std::string>(t.dims.size())};
    binding.bytes = byte_count(t.dtype, t.dims);
    binding.output = output;
    segment_.bindings.push_back(std::move(binding));
    return static_cast<int>(segment_.bindings.size()) - 1;
  }

  void make_step(LayerId id) {
    const Layer& l = g_.layer(id);
    graph::Problem problem = problem_of(g_, id, placement_, options_);
    problem.packs = options_.packs;
    LayerReport report;
    std::vector<Candidate> list = candidates(problem, options_);
    Step step;
    if (l.op->alias && !options_.target->is_cpu()) {
      step.tactic = "copy";
      step.launch = strided_copy(g_.tensor(l.inputs[0]), placement_.tensors[index(l.inputs[0])], *options_.target);
    } else {
      const Candidate& chosen = choose(id, problem, list, step, report);
      step.tactic = name_of(chosen);
      step.problem = choice_key(problem, options_);
      if (!step.launch) pending_.push_back({segment_.steps.size(), problem, chosen});
    }
    step.layer = l.name;
    step.op = l.op->name;
    StepDraft draft;
    draft.layer = id;
    draft.input_ids = l.inputs;
    draft.output_ids = l.outputs;
    finish_step(std::move(step), std::move(draft), std::move(report), {&problem, 1});
  }

  void make_depth_first(const std::vector<LayerId>& group) {
    std::vector<graph::Problem> problems;
    Step step;
    StepDraft draft;
    draft.layer = group.back();
    for (LayerId id : group) {
      const Layer& l = g_.layer(id);
      problems.push_back(problem_of(g_, id, placement_, options_));
      problems.back().packs = options_.packs;
      step.layer += (step.layer.empty() ? "" : " > ") + l.name;
      step.op += (step.op.empty() ? "" : ">") + std::string(l.op->name);
      draft.input_ids.insert(draft.input_ids.end(), l.inputs.begin() + (id == group.front() ? 0 : 1), l.inputs.end());
    }
    draft.output_ids = g_.layer(group.back()).outputs;
    std::optional<DepthFirstStep> made = prepare_depth_first(problems, options_);
    if (!made || !fits(made->launch)) {  // a rough guess was wrong, or there is no room
      for (LayerId id : group) make_step(id);
      return;
    }
    step.tactic = std::move(made->tactic);
    step.launch = std::move(made->launch);
    LayerReport report;
    step.problem = fused_key(problems, options_);
    if (const plan::Choice* fused = known_choice(options_, step.problem)) report.tuned_ms = fused->seconds * 1e3;
    if (const plan::Choice* apart = known_choice(options_, apart_key(problems, options_)))
      report.beside.emplace_back("its layers as steps of their own", apart->seconds * 1e3);
    draft.grouped = true;
    finish_step(std::move(step), std::move(draft), std::move(report), problems);
  }

  void finish_step(Step step, StepDraft draft, LayerReport report, std::span<const graph::Problem> problems) {
    for (TensorId t : draft.input_ids)
      draft.inputs.push_back(t == kNone ? TensorPlace{} : placement_.tensors[index(t)]);
    for (TensorId t : draft.output_ids)
      draft.outputs.push_back(t == kNone ? TensorPlace{} : placement_.tensors[index(t)]);
    for (const graph::Problem& p : problems) {
      step.flops += flops_of(p);
      step.predicted_s += predict_seconds(p);
    }
    const auto describe = [](const graph::Desc& d) {
      return base::str(d.dims, " ", d.dtype, d.dense() ? "" : " strided");
    };
    for (std::size_t i = 0; i < problems.size(); ++i)
      for (std::size_t k = 0; k < problems[i].inputs.size(); ++k) {
        const graph::Desc& d = problems[i].inputs[k];
        if (!d.present() || (i > 0 && k == 0)) continue;
        step.bytes += static_cast<double>(d.count()) * static_cast<double>(size_of(d.dtype));
        if (!d.constant) report.inputs += (report.inputs.empty() ? "" : ", ") + describe(d);
      }
    for (const graph::Desc& d : problems.back().outputs) {
      if (!d.present()) continue;
      step.bytes += static_cast<double>(d.count()) * static_cast<double>(size_of(d.dtype));
      report.outputs += (report.outputs.empty() ? "" : ", ") + describe(d);
    }
    if (options_.traced)
      for (TensorId t : draft.output_ids) {
        const TensorPlace place = t == kNone ? TensorPlace{} : placement_.tensors[index(t)];
        step.made.push_back({t, place.pitch, place.span});
      }
    step.workers = chosen_workers(options_, step.problem);
    report.workers = step.workers;
    report.name = step.layer;
    report.op = step.op;
    report.tactic = step.tactic;
    report.device = options_.target->name;
    report.flops = step.flops;
    segment_.report.push_back(std::move(report));
    segment_.steps.push_back(std::move(step));
    drafts_.push_back(std::move(draft));
  }

  /// All that were chosen, on as many threads as the network will run on.
  void prepare_steps() {
    // Largest first: whoever takes one last would keep the others waiting.
    std::vector<std::pair<std::size_t, std::size_t>> order;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      std::size_t bytes = 0;
      for (const graph::Desc& desc : pending_[i].problem.inputs)
        if (desc.constant) bytes += desc.constant->bytes();
      order.emplace_back(bytes, i);
    }
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for_each_parallel(pending_.size(), options_.workers, [&](std::size_t i) {
      const Pending& p = pending_[order[i].second];
      segment_.steps[p.step].launch = prepare(p.problem, p.candidate);
    });
    for (std::size_t s = 0; s < segment_.steps.size(); ++s)
      segment_.report[s].weight_bytes = segment_.steps[s].launch->state_bytes;
  }

  [[nodiscard]] bool fits(const graph::Launch& launch) const {
    return launch->workspace_bytes <= caps_.workspace && scratch_of(launch) <= caps_.scratch;
  }
  /// Of all workers.
  [[nodiscard]] std::size_t scratch_of(const graph::Launch& launch) const {
    const auto* cpu = launch.as<graph::CpuLaunch>();
    return cpu ? base::checked_product(cpu->scratch_bytes, static_cast<std::size_t>(options_.workers)) : 0;
  }

  /// Where workspace is limited, candidates are prepared one by one until one fits: its launch is in the step then.
  const Candidate& choose(LayerId id, const graph::Problem& problem, std::vector<Candidate>& list, Step& step,
                          LayerReport& report) {
    const Candidate* best = caps_.least ? choose_least(problem, list, step) : choose_candidate(problem, list, options_);
    while (best && caps_.limited() && !caps_.least) {
      step.launch = prepare(problem, *best);
      if (fits(step.launch)) break;
      list[static_cast<std::size_t>(best - list.data())].refused =
          base::str("takes ", step.launch->workspace_bytes, " bytes of workspace and ", scratch_of(step.launch),
                    " of scratch, more than the limit leaves");
      step.launch = {};
      best = choose_candidate(problem, list, options_);
    }
    for (const Candidate& c : list)
      if (!c.refused.empty()) report.refused.push_back(base::str(name_of(c), ": ", c.refused));
    if (!best && caps_.limited()) throw OverCaps{};
    if (!best)
      base::fail(ErrorCode::internal, graph::describe(g_, id),
                 ": no kernel takes it: ", report.refused.empty() ? std::string("none known") : report.refused.back());
    const plan::Choice* tuned = known_choice(options_, choice_key(problem, options_));
    if (tuned && tuned->tactic == name_of(*best)) {
      report.tuned_ms = tuned->seconds * 1e3;
      for (const auto& [tactic, seconds] : tuned->beside) report.beside.emplace_back(tactic, seconds * 1e3);
    }
    return *best;
  }

  /// The candidate that takes least workspace and scratch together, prepared.
  const Candidate* choose_least(const graph::Problem& problem, std::vector<Candidate>& list, Step& step) {
    const Candidate* least = nullptr;
    std::size_t least_bytes = 0;
    for (Candidate& c : list) {
      if (!c.refused.empty() || !admitted(problem, c, options_)) continue;
      graph::Launch launch = prepare(problem, c);
      const std::size_t bytes = base::checked_sum(launch->workspace_bytes, scratch_of(launch));
      if (least && bytes >= least_bytes) continue;
      least = &c;
      least_bytes = bytes;
      step.launch = std::move(launch);
    }
    return least;
  }

  /// Network outputs that are inputs, constants, views or repeated need a copy into the user's buffer.
  void make_output_copies() {
    for (const auto& [tensor, binding] : copies_) {
      const TensorPlace& from = placement_.tensors[index(tensor)];
      StepDraft draft;
      draft.inputs.push_back(from);
      draft.input_ids = {tensor};
      TensorPlace to{kNone, 0, from.pitch, from.span, from.span, 0};
      draft.outputs.push_back(to);
      draft.output_ids = {kNone};
      Step step;
      step.layer = segment_.bindings[static_cast<std::size_t>(binding)].info.name;
      step.op = "copy";
      step.tactic = "copy_rows";
      step.launch = strided_copy(g_.tensor(tensor), from, *options_.target);
      step.bytes = 2.0 * static_cast<double>(from.span);
      step.predicted_s = step.bytes / 10e9;
      LayerReport report;
      report.name = step.layer;
      report.op = step.op;
      report.tactic = step.tactic;
      report.device = options_.target->name;
      report.inputs = to_string(g_.tensor(tensor).dims);
      segment_.report.push_back(std::move(report));
      segment_.steps.push_back(std::move(step));
      drafts_.push_back(std::move(draft));
      copy_binding_[drafts_.size() - 1] = binding;
    }
  }

  void form_stages() {
    std::vector<std::size_t> open;  // drafts whose single phase is in the newest stage
    for (std::size_t s = 0; s < drafts_.size(); ++s) {
      StepDraft& d = drafts_[s];
      const Step& step = segment_.steps[s];
      const std::vector<graph::Phase>& phases = step.launch.as<graph::CpuLaunch>()->phases;
      const bool small = phases.size() == 1 && step.predicted_s < kSmallStep_s;
      const bool joins = small && !open.empty() && std::none_of(open.begin(), open.end(), [&](std::size_t o) {
                           return must_wait(drafts_[o], d);
                         });
      if (!joins) {
        segment_.stages.emplace_back();
        open.clear();
      }
      d.first_stage = static_cast<int>(segment_.stages.size()) - 1;
      for (std::size_t p = 0; p < phases.size(); ++p) {
        if (p) segment_.stages.emplace_back();
        Stage& stage = segment_.stages.back();
        stage.phases.push_back({static_cast<std::int32_t>(s), static_cast<std::int32_t>(p)});
        stage.tiles += phases[p].tiles;
      }
      d.last_stage = static_cast<int>(segment_.stages.size()) - 1;
      if (small) open.push_back(s);
      else open.clear();
    }
    share_stages(segment_);
  }

  [[nodiscard]] bool in_waves() const { return options_.target->opencl.resident_groups > 0; }

  Place resolve_place(const TensorPlace& p, bool read) {
    if (p.root == kNone) return {};
    if (const graph::ConstantPtr& constant = g_.tensor(p.root).constant) {
      if (!read) return {};
      // Damage is told now, not when running.
      segment_.constants.push_back({constant, constant->read(), constant->bytes()});
      return {Place::In::constant, static_cast<std::int32_t>(segment_.constants.size()) - 1, p.offset};
    }
    if (binding_of_[index(p.root)] >= 0) return {Place::In::binding, binding_of_[index(p.root)], p.offset};
    return {Place::In::arena, 0, offsets_.at(p.root) + p.offset};
  }

  void resolve() {
    for (std::size_t s = 0; s < drafts_.size(); ++s) {
      Step& step = segment_.steps[s];
      for (std::size_t k = 0; k < drafts_[s].inputs.size(); ++k) {
        const bool read = k >= 64 || ((step.launch->unread_inputs >> k) & 1) == 0;
        step.inputs.push_back(resolve_place(drafts_[s].inputs[k], read));
      }
      for (const TensorPlace& p : drafts_[s].outputs) step.outputs.push_back(resolve_place(p, true));
      const auto copy = copy_binding_.find(s);
      if (copy != copy_binding_.end()) step.outputs[0] = {Place::In::binding, copy->second, 0};
    }
  }

  const Graph& g_;
  const CompileOptions& options_;
  WorkspaceCaps caps_;
  std::vector<LayerId> order_;
  std::vector<Pending> pending_;
  Placement placement_;
  Segment segment_;
  std::vector<StepDraft> drafts_;
  std::vector<int> binding_of_;
  std::vector<char> marked_;  ///< by tensor
  std::vector<std::pair<TensorId, int>> copies_;
  std::map<std::size_t, int> copy_binding_;
  std::map<TensorId, std::size_t> offsets_;
};

}  // namespace

Segment compile_segment(const Graph& graph, const CompileOptions& options, const WorkspaceCaps& caps) {
  return Compiler(graph, options, caps).run();
}

}  // namespace vireo::compile
