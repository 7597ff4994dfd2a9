#include "engine/api/builder.h"

#include <algorithm>
#include <chrono>

#include "engine/api/log.h"
#include "engine/base/deadline.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/compile/kernel_override.h"
#include "engine/passes/passes.h"
#include "engine/plan/plan_state.h"
#include "engine/runtime/module.h"
#include "engine/tune/formats.h"
#include "engine/tune/precision.h"
#include "engine/tune/spill.h"
#include "engine/tune/timing.h"
#include "engine/tune/workers.h"

namespace vireo {
namespace {

constexpr double kWorkersShare = 0.1;  // of the budget, for finding steps that fewer workers do faster
constexpr double kLayoutShare = 0.1;   // at most, for layouts that predictions leave in doubt

void check(const Network& network, const BuildOptions& options) {
  for (const std::string& device : options.devices)
    if (device != "cpu")
      base::fail(ErrorCode::unsupported, "device '", device, "' can't run engines yet; accepted: cpu");
  tune::check_precision(options);
  compile::check_kernel_override();
  if (network.outputs().empty()) base::fail(ErrorCode::invalid_argument, "the network has no output; mark one");
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

plan::Choices read_cache(const std::filesystem::path& path) {
  if (path.empty() || !std::filesystem::exists(path)) return {};
  try {
    std::string text = base::read_file(path);
    const std::size_t line = text.find('\n');
    if (text.rfind("vireo timings for ", 0) != 0 || line == std::string::npos)
      base::fail(ErrorCode::invalid_model, "'", path.string(), "' is not a timing cache");
    if (text.substr(18, line - 18) != plan::cpu_fingerprint()) {
      log(LogLevel::warning, "timing cache '" + path.string() + "' is of another processor; timing anew");
      return {};
    }
    return plan::parse_choices(std::string_view(text).substr(line + 1));
  } catch (const Error& error) {
    base::fail(error.code(), "timing cache '", path.string(), "': ", error.what());
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

/// All passes; the layouts between those that come before and those that carry them out. Several profiles share the
/// layouts of the first. Seconds that the layouts took.
double optimise(Plan::State& state, const std::vector<std::map<std::string, Dims>>& shapes, const BuildOptions& options,
                const compile::CompileOptions& compile_options, plan::Choices& choices, const Progress& progress) {
  passes::PassOptions pass_options;
  pass_options.on_change = [&](const passes::Pass& pass, int, const graph::Graph&) {
    compile_options.deadline->check(pass.name);
  };
  pass_options.disabled.insert(options.disabled_passes.begin(), options.disabled_passes.end());
  double seconds = 0;
  if (!shapes.empty() && !pass_options.disabled.contains("nhwc_layout")) {
    passes::PassOptions before = pass_options;
    for (std::string& name : tune::format_passes()) before.disabled.insert(std::move(name));
    passes::run_passes(state.graph, before);
    state.graph.compact();
    const auto start = std::chrono::steady_clock::now();
    state.layouts = tune::choose_formats(
        state.graph, {shapes.front(), compile_options, kLayoutShare * options.budget_s}, choices, progress);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  passes::run_passes(state.graph, pass_options);
  state.graph.compact();
  return seconds;
}

Plan build_plan(graph::Graph graph, const std::vector<std::map<std::string, Dims>>& shapes, bool only_owner,
                const BuildOptions& options, const Progress& told) {
  const base::Deadline deadline("the build", options.limits.max_seconds);
  const Progress progress = [&](std::string_view stage, double fraction) {
    deadline.check(stage);
    return !told || told(stage, fraction);
  };
  const auto report = [&](std::string_view stage, double fraction) {
    if (!progress(stage, fraction)) throw Error(ErrorCode::cancelled, "the build was cancelled");
  };
  report("optimising", 0);
  Plan::State state;
  state.graph = std::move(graph);
  state.exact = options.exact;
  state.precision = options.precision;
  state.max_workspace = options.max_workspace;
  state.disabled_passes = options.disabled_passes;
  state.profiles = options.profiles;
  compile::CompileOptions compile_options;
  compile_options.workers = options.threads > 0 ? options.threads : base::available_cores();
  compile_options.exact = options.exact;
  compile_options.precision = options.precision;
  compile_options.max_workspace = options.max_workspace;
  compile_options.limits = options.limits;
  compile_options.deadline = &deadline;
  compile_options.disabled_passes = options.disabled_passes;
  compile_options.packs = state.packs.get();
  state.packs->keep(true);
  plan::Choices choices = read_cache(options.timing_cache);
  const double taken_s = optimise(state, shapes, options, compile_options, choices, progress);
  if (only_owner) tune::spill_weights(state.graph);
  report("optimising", 1);

  const double rest_s = std::max((1 - kLayoutShare) * options.budget_s, options.budget_s - taken_s);
  const double budget_s = shapes.empty() ? 0 : rest_s / static_cast<double>(shapes.size());
  for (const auto& one : shapes) {
    const graph::Graph g = compile::specialise(state.graph, one, compile_options);
    if (budget_s > 0) tune::time_candidates(g, compile_options, {(1 - kWorkersShare) * budget_s}, choices, progress);
    // Compiling once here proves that the plan will load, and keeps the workspace promise, and packs the weights.
    compile_options.choices = &choices;
    const runtime::Module module(state.graph, one, {compile_options, {}});
    if (budget_s > 0 && compile_options.workers > 1)
      for (const auto& segment : module.program()->segments)
        tune::time_workers(*segment, std::make_shared<device::ThreadPool>(compile_options.workers),
                           kWorkersShare * budget_s, choices, progress);
  }
  if (!options.timing_cache.empty()) {
    const std::string head = base::str("vireo timings for ", plan::cpu_fingerprint(), "\n"),
                      body = plan::choices_text(choices);
    const std::string_view parts[] = {head, body};
    base::write_file_atomically(options.timing_cache, parts);
  }
  state.choices[plan::cpu_fingerprint()] = std::move(choices);
  state.packs->keep(false);
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
