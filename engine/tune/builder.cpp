#include "engine/api/builder.h"

#include <algorithm>
#include <set>

#include "engine/api/log.h"
#include "engine/api/timing_cache.h"
#include "engine/base/deadline.h"
#include "engine/base/memory.h"
#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/compile/conv_pairs.h"
#include "engine/compile/form.h"
#include "engine/compile/half.h"
#include "engine/compile/kernel_override.h"
#include "engine/compile/lower.h"
#include "engine/compile/share_work.h"
#include "engine/device/device.h"
#include "engine/passes/passes.h"
#include "engine/plan/plan_state.h"
#include "engine/plan/timing_cache.h"
#include "engine/runtime/module.h"
#include "engine/tune/formats.h"
#include "engine/tune/forms.h"
#include "engine/tune/loop_bodies.h"
#include "engine/tune/precision.h"
#include "engine/tune/spill.h"
#include "engine/tune/strip.h"
#include "engine/tune/timing.h"
#include "engine/tune/workers.h"

namespace vireo {
namespace {

constexpr double kWorkersShare = 0.1;  // of the budget, for finding steps that fewer workers do faster
constexpr double kPairShare = 0.3;     // of what timing tactics has, for layers that may take the place of two
constexpr double kPatienceShare = 6;   // budgets, for the compilation of plan kernels
constexpr double kLayoutShare = 0.1;   // at most, for layouts that predictions leave in doubt

void check(const Network& network, const BuildOptions& options) {
  if (options.devices.empty())
    base::fail(ErrorCode::invalid_argument, "no device to build for; \"cpu\" is always there");
  tune::check_precision(options);
  compile::check_kernel_override();
  network.validate();
  const std::vector<TensorInfo> inputs = network.inputs();
  for (const Profile& profile : options.profiles)
    for (const ShapeRange& range : profile) {
      const auto it =
          std::find_if(inputs.begin(), inputs.end(), [&](const TensorInfo& t) { return t.name == range.input; });
      if (it == inputs.end()) {
        std::string names;
        for (const TensorInfo& t : inputs) names += " '" + t.name + "'";
        base::fail(ErrorCode::not_found, "a profile names input '", range.input, "'; the network's inputs are", names);
      }
      for (const Dims* dims : {&range.min, &range.opt, &range.max})
        if (dims->size() != it->dims.size())
          base::fail(ErrorCode::invalid_argument, "a profile gives '", range.input, "' the shape ", *dims,
                     "; the network has ", it->dims);
      for (std::size_t d = 0; d < range.min.size(); ++d)
        if (range.min[d] < 0 || range.min[d] > range.opt[d] || range.opt[d] > range.max[d] ||
            (it->dims[d] != kUnknown && (range.min[d] != it->dims[d] || range.max[d] != it->dims[d])))
          base::fail(ErrorCode::invalid_argument, "profile of '", range.input, "': ", range.min, " ≤ ", range.opt,
                     " ≤ ", range.max, " must hold and fit ", it->dims);
    }
}

/// The shapes to tune for: each profile's opt, or the static shapes. Empty when inputs are dynamic and no profile says.
std::vector<std::map<std::string, Dims>> tuning_shapes(const Network& network, const BuildOptions& options) {
  std::vector<std::map<std::string, Dims>> list;
  for (const Profile& profile : options.profiles) {
    std::map<std::string, Dims> shapes;
    for (const ShapeRange& range : profile) shapes[range.input] = range.opt;
    list.push_back(std::move(shapes));
  }
  if (!list.empty()) return list;
  for (const TensorInfo& input : network.inputs())
    if (!is_static(input.dims)) return {};
  return {{}};
}

/// What all devices of a build share.
struct Job {
  const BuildOptions& options;
  const std::vector<std::map<std::string, Dims>>& shapes;
  const base::Deadline& deadline;
  const Progress& progress;
  bool only_owner;

  /// Throws when the build is not wanted any more.
  void tell(const std::string& stage, double fraction) const { (void)progress(stage, fraction); }
  /// Tells what is compiled of which stage.
  [[nodiscard]] device::Loading loading(const std::string& stage) const {
    return [this, stage](std::size_t made, std::size_t of) {
      tell(stage, static_cast<double>(made) / static_cast<double>(of));
    };
  }
};

/// Seconds that the compilation of plan kernels may take in all: at the default budget those of common networks, half a
/// minute each, and little without one.
double patience_of(const BuildOptions& options) {
  return std::max(compile::kPatience_s, kPatienceShare * options.budget_s);
}

passes::PassOptions pass_options_of(const Job& job) {
  passes::PassOptions options;
  options.on_change = [&](const passes::Pass& pass, int, const graph::Graph&) { job.deadline.check(pass.name); };
  options.disabled.insert(job.options.disabled_passes.begin(), job.options.disabled_passes.end());
  return options;
}

/// All passes but those that decide for a device.
void make_neutral(graph::Graph& g, const Job& job) {
  passes::PassOptions options = pass_options_of(job);
  for (std::string& name : compile::format_passes()) options.disabled.insert(std::move(name));
  passes::run_passes(g, options);
  g.compact();
}

/// The section of one device: formats, then tactics at each of the shapes, then workers. Several profiles share the
/// formats of the first.
plan::Section build_section(const Plan::State& state, device::Device& device, TimingCache& cache, const Job& job) {
  const BuildOptions& options = job.options;
  const bool on_cpu = device.target().is_cpu();
  plan::Section section;
  section.fingerprint = device.target().fingerprint;
  section.device = device.target().name;
  section.exact = options.exact;
  section.precision = tune::precision_on(device.target(), options.precision);
  section.max_workspace = options.max_workspace;
  section.packs->keep(options.keep_packed ? plan::PackedWeightStore::Keep::all : plan::PackedWeightStore::Keep::small);
  plan::Choices& choices = cache.state().devices[section.fingerprint];

  compile::CompileOptions compile_options = compile::options_of(
      section, options.disabled_passes, options.threads > 0 ? options.threads : base::available_cores());
  compile_options.target = &device.target();
  compile_options.limits = options.limits;
  compile_options.deadline = &job.deadline;
  compile_options.choices = nullptr;
  const bool can_choose =
      on_cpu && !job.shapes.empty() && std::ranges::count(options.disabled_passes, "nhwc_layout") == 0;
  double taken_s = 0;
  if (can_choose) {
    const base::Stopwatch watch;
    graph::Graph marked = state.graph;
    section.layouts = tune::choose_formats(
        marked, {job.shapes.front(), compile_options, kLayoutShare * options.budget_s}, choices, job.progress);
    section.formats = compile::format_marks(state.graph, marked);
    taken_s = watch.seconds();
  }
  graph::Graph lowered = compile::lower(state, section);
  if (job.only_owner) tune::spill_weights(lowered);

  const double rest_s = std::max((1 - kLayoutShare) * options.budget_s, options.budget_s - taken_s);
  const double budget_s = job.shapes.empty() ? 0 : rest_s / static_cast<double>(job.shapes.size());
  section.workers = budget_s > 0 ? (on_cpu ? compile_options.workers : 1) : 0;
  std::set<std::string> asked;
  plan::Choices forms_made;
  double patience_s = patience_of(options);
  for (std::size_t number = 0; number < job.shapes.size(); ++number) {
    const auto& one = job.shapes[number];
    const std::string compiling = base::str(
        "compiling", job.shapes.size() > 1 ? base::str(" ", number + 1, " of ", job.shapes.size()) : std::string());
    const graph::Graph g = compile::specialise(lowered, one, compile_options);
    compile_options.patience_s = patience_s;
    if (budget_s > 0) {
      const std::vector<graph::Graph> bodies = tune::loop_bodies(g, compile_options);
      const device::Target& target = device.target();
      // What runs as launches, and, where it can pay, what runs as plan kernels: other tactics are best there.
      std::vector<const device::Target*> forms{target.launches_only ? target.launches_only.get() : &target};
      if (target.launches_only && compile::may_be_plan(g)) {
        const double plan_s =
            choices.contains(compile::form_key(g)) ? 0 : tune::seconds_of_plan_form(g, compile_options);
        const bool tried = plan_s <= patience_s;
        log(LogLevel::info, base::str("plan kernels would take some ", plan_s, " s to be compiled: they are ",
                                      tried ? "tried" : "not tried", ", with a budget of ", options.budget_s, " s"));
        if (tried) forms.insert(forms.begin(), &target);
        if (tried) patience_s -= plan_s;
      }
      for (const device::Target* form : forms) {
        compile_options.target = form;
        const graph::Graph converted =
            section.precision == Precision::fp16 ? compile::with_half(g, compile_options) : g;
        const double share_s =
            (1 - kWorkersShare) * budget_s / static_cast<double>(forms.size()) / static_cast<double>(1 + bodies.size());
        tune::time_candidates(converted, compile_options, {share_s}, choices, job.progress);
        for (const graph::Graph& body : bodies)
          tune::time_candidates(body, compile_options, {share_s}, choices, job.progress);
        // What two layers cost is known now, and what one in their place does decides.
        if (section.precision == Precision::fp16)
          if (const auto pairs = compile::with_conv_pairs(converted, compile_options))
            tune::time_candidates(*pairs, compile_options, {kPairShare * share_s}, choices, job.progress);
      }
      compile_options.target = &target;
      if (forms.size() > 1) tune::time_forms(g, compile_options, device, choices, job.loading(compiling));
    }
    // Compiling once here proves that the plan will load, and keeps the workspace promise.
    compile_options.choices = &choices;
    compile_options.asked = &asked;
    const auto try_module = [&] {
      const runtime::Module made(lowered, one, {compile_options, {}});
      // Of other devices' segments the kernels are compiled: the plan takes them along.
      for (const auto& segment : made.program()->segments)
        if (made.program()->devices[static_cast<std::size_t>(segment->device)] == section.device && !on_cpu)
          (void)device.load(segment, {nullptr, false, compile_options.binaries.get(), job.loading(compiling)});
      return made.program();
    };
    std::shared_ptr<const device::Program> program;
    try {
      program = try_module();
    } catch (const Error& error) {
      const std::string_view known = compile::known_form(g, compile_options);
      const std::string_view form = known.empty() ? compile::guessed_form(g) : known;
      if (error.code() == ErrorCode::cancelled || !device.target().launches_only || form != compile::kPlanForm) throw;
      log(LogLevel::warning, base::str("the network runs as launches, not as plan kernels: ", error.what()));
      choices[compile::form_key(g)] = {std::string(compile::kLaunchForm), 0};
      program = try_module();
    }
    if (!program->form.empty()) forms_made[compile::form_key(g)] = {std::string(program->form), 0};
    if (program->form == compile::kPlanForm && compile::known_form(g, compile_options).empty())
      patience_s -= compile::plan_compile_seconds(*program, device.target());
    if (budget_s > 0 && on_cpu && compile_options.workers > 1)
      for (const auto& segment : program->segments) {
        tune::time_workers(*segment, std::make_shared<device::ThreadPool>(compile_options.workers),
                           kWorkersShare * budget_s, choices, job.progress);
        for (const device::Step& step : segment->steps) asked.insert(compile::workers_key(step.problem));
      }
  }
  for (const std::string& key : asked)  // a plan takes what is its own
    if (const auto it = choices.find(key); it != choices.end()) section.choices.insert(*it);
  section.choices.merge(forms_made);  // what was guessed is what the plan has programs for
  section.packs->keep(plan::PackedWeightStore::Keep::none);
  return section;
}

Plan build_plan(graph::Graph graph, const std::vector<std::map<std::string, Dims>>& shapes, bool only_owner,
                const BuildOptions& options, const Progress& told) {
  std::string last_stage = "optimising";
  double last_fraction = 0;
  const base::Deadline deadline("the build", options.limits.max_seconds,
                                [&] { return !told || told(last_stage, last_fraction); });
  const Progress progress = [&](std::string_view stage, double fraction) {
    last_stage = stage;
    last_fraction = fraction;
    deadline.check(stage);
    return true;
  };
  const Job job{options, shapes, deadline, progress, only_owner};
  job.tell("optimising", 0);
  Plan::State state;
  state.graph = std::move(graph);
  state.disabled_passes = options.disabled_passes;
  state.profiles = options.profiles;
  make_neutral(state.graph, job);
  if (only_owner) tune::spill_weights(state.graph);
  job.tell("optimising", 1);

  TimingCache cache;
  if (!options.timing_cache.empty()) cache = TimingCache::load(options.timing_cache);
  if (options.timings) cache.merge(*options.timings);
  for (const std::string& name : options.devices) {
    const std::shared_ptr<device::Device> device = device::open(name);
    state.sections.push_back(build_section(state, *device, cache, job));
    if (!device->target().is_cpu()) state.built_on.push_back(device);
  }
  if (!options.timing_cache.empty()) cache.save(options.timing_cache);
  if (options.timings) *options.timings = std::move(cache);
  if (options.strip) tune::strip_weights(state, shapes);
  base::return_free_memory();  // what trials and packing left behind
  return Plan(plan::finish(std::move(state)));
}

}  // namespace

Plan build(const Network& network, const BuildOptions& options, const Progress& progress) {
  check(network, options);
  return build_plan(network.graph(), tuning_shapes(network, options), false, options, progress);
}

Plan build(Network&& network, const BuildOptions& options, const Progress& progress) {
  check(network, options);
  const auto shapes = tuning_shapes(network, options);
  graph::Graph graph = std::move(network.graph());
  network = Network();
  return build_plan(std::move(graph), shapes, true, options, progress);
}

}  // namespace vireo
