#include "tests/graphs/check_graph.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <mutex>
#include <random>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/log.h"
#include "engine/base/text.h"
#include "engine/compile/depth_first.h"
#include "engine/compile/lower.h"
#include "engine/compile/placement.h"
#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/passes/passes.h"
#include "engine/plan/plan_state.h"
#include "tests/graphs/reference.h"

namespace vireo::graphs_testing {
namespace {

using graph::ConstantPtr;
using graph::Graph;

/// Keeps the last error that was logged: a failing run says there what failed.
class LastError : public Logger {
 public:
  LastError() : before_(set_logger(this)), level_(log_level()) { set_log_level(LogLevel::error); }
  ~LastError() override {
    set_log_level(level_);
    set_logger(before_);
  }
  void log(LogLevel, std::string_view message) noexcept override {
    const std::lock_guard lock(mutex_);
    text_ = message;
  }
  [[nodiscard]] std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  Logger* before_;
  LogLevel level_;
  std::mutex mutex_;
  std::string text_;
};

std::map<std::string, Dims> unknown_shapes(const Sample& sample) {
  std::map<std::string, Dims> shapes;
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const graph::Tensor& tensor = sample.graph.tensor(sample.graph.inputs()[i]);
    if (!tensor.is_static()) shapes[tensor.name] = sample.inputs[i]->dims;
  }
  return shapes;
}

/// The network takes a batch of this extent, too: nothing in it was written for the one that it was made with.
bool takes_batch(const Sample& sample, std::int64_t extent) {
  std::vector<ConstantPtr> inputs = sample.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (sample.graph.tensor(sample.graph.inputs()[i]).is_static()) continue;
    Dims dims = inputs[i]->dims;
    dims[0] = extent;
    inputs[i] = graph::new_constant(inputs[i]->dtype, dims).constant;
  }
  try {
    return !evaluate_tensors(sample.graph, inputs).empty();
  } catch (const Error&) {
    return false;
  }
}

compile::CompileOptions compile_options(const Plan::State& state, const Mode& mode) {
  compile::CompileOptions options;
  options.workers = mode.threads;
  options.exact = state.sections.front().exact;
  options.precision = state.sections.front().precision;
  return options;
}

/// A tactic for each problem of the plan, as if it had been timed: `only` names the problem that keeps its random
/// choice where all others run by reference; empty: all have random ones.
plan::Choices random_choices(const Plan::State& state, const Sample& sample, const Mode& mode) {
  std::mt19937_64 random(mode.seed);
  plan::Choices choices;
  const compile::CompileOptions options = compile_options(state, mode);
  const Graph g = compile::specialise(compile::lower(state, state.sections.front()), unknown_shapes(sample), options);
  for (const compile::LayerProblem& layer : compile::problems(g, options)) {
    std::vector<compile::Candidate> list = compile::candidates(layer.problem, options);
    std::shuffle(list.begin(), list.end(), random);
    for (compile::Candidate& candidate : list)
      if (candidate.refused.empty() && compile::admitted(layer.problem, candidate, options)) {
        choices[compile::choice_key(layer.problem, options)] = {std::string(compile::name_of(candidate)), 1e-6, {}};
        break;
      }
  }
  const std::vector<graph::LayerId> order = g.topological_order();
  const compile::Placement placement = compile::place(g, order, options);
  for (const std::vector<graph::LayerId>& run : compile::find_runs(g, order, placement, options)) {
    std::vector<graph::Problem> problems;
    for (const graph::LayerId id : run) problems.push_back(compile::problem_of(g, id, placement, options));
    for (std::size_t first = 0; first < problems.size(); ++first)
      for (std::size_t n = 2; n <= compile::kMaxDepthFirst && first + n <= problems.size(); ++n) {
        const auto part = std::span(problems).subspan(first, n);
        choices[compile::fused_key(part, options)] = {"fused", 1e-6 * static_cast<double>(random() % 5), {}};
        choices[compile::apart_key(part, options)] = {"apart", 1e-6 * static_cast<double>(random() % 5), {}};
      }
  }
  return choices;
}

Plan with_choices(const Plan& plan, plan::Choices choices) {
  Plan::State state = plan.state();
  plan::Section& section = state.sections.front();
  section.choices = std::move(choices);
  section.packs = std::make_shared<plan::PackedWeightStore>();
  return Plan(plan::finish(std::move(state)));
}

Plan make_plan(const Sample& sample, const Mode& mode) {
  BuildOptions options;
  options.budget_s = 0;
  options.threads = mode.threads;
  options.exact = mode.exact;
  options.disabled_passes = mode.disabled;
  if (mode.profile) {
    Profile profile;
    for (const auto& [name, dims] : unknown_shapes(sample)) {
      ShapeRange range{name, dims, dims, dims};
      range.min[0] = std::min<std::int64_t>(1, dims[0]);
      range.max[0] = std::max<std::int64_t>(dims[0], 1) + 3;
      const std::int64_t other = dims[0] > 1 ? 1 : 2;  // than the one that runs
      if (takes_batch(sample, other)) range.opt[0] = other;
      profile.push_back(std::move(range));
    }
    if (!profile.empty()) options.profiles.push_back(std::move(profile));
  }
  Network network(std::make_unique<Graph>(sample.graph));
  return mode.owned ? build(std::move(network), options) : build(network, options);
}

Plan saved_and_loaded(const Plan& plan) {
  const auto path = std::filesystem::temp_directory_path() / base::str("vireo_graphs_", getpid(), ".plan");
  plan.save(path);
  Plan loaded = Plan::load(path);
  std::filesystem::remove(path);  // the mapping stays
  return loaded;
}

/// `late`: outputs whose extents only the run knows; they are left unbound.
std::vector<ConstantPtr> run_once(Context& context, const Engine& engine, const Sample& sample,
                                  const std::vector<bool>& late, int rubbish) {
  std::vector<Buffer> buffers;
  for (std::size_t k = 0; k < late.size(); ++k) {
    buffers.emplace_back();
    if (late[k]) continue;
    buffers.back() = context.allocate(sample.graph.outputs()[k].name);
    if (buffers.back().bytes() > 0) std::memset(buffers.back().data(), rubbish, buffers.back().bytes());
  }
  // Last: an output of an input's name is that input, in one buffer.
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const std::string& name = sample.graph.tensor(sample.graph.inputs()[i]).name;
    const Buffer buffer = context.allocate(name);
    const ConstantPtr& value = sample.inputs[i];
    if (value->bytes() > 0) std::memcpy(buffer.data(), value->read(), value->bytes());
  }
  LastError logged;
  const Status status = context.run();
  if (!status.ok()) base::fail(status.code(), "run: ", status.message(), ": ", logged.text());
  std::vector<ConstantPtr> results;
  const std::vector<TensorInfo> infos = engine.outputs();
  for (std::size_t k = 0; k < buffers.size(); ++k) {
    const std::string& name = sample.graph.outputs()[k].name;
    const Dims dims = context.shape(name);
    const Buffer buffer = buffers[k] ? buffers[k] : context.result(name);
    DataType type = DataType::undefined;
    for (const TensorInfo& info : infos)
      if (info.name == name) type = info.dtype;
    const auto bytes = static_cast<std::size_t>(element_count(dims)) * size_of(type);
    if (buffer.bytes() < bytes)
      base::fail(ErrorCode::internal, "output '", name, "' is ", dims, " but has ", buffer.bytes(), " bytes");
    results.push_back(graph::make_constant(type, dims, buffer.data(), bytes));
  }
  return results;
}

std::vector<ConstantPtr> run_plan(const Plan& plan, const Sample& sample, const Mode& mode) {
  const auto engine = Engine::load(plan, {}, {.threads = mode.threads});
  const auto context = engine->create_context();
  for (const auto& [name, dims] : unknown_shapes(sample)) context->set_shape(name, dims);
  std::vector<bool> late;
  for (const Graph::Output& output : sample.graph.outputs()) late.push_back(!is_static(context->shape(output.name)));
  std::vector<ConstantPtr> first = run_once(*context, *engine, sample, late, 0xcd);
  const std::vector<ConstantPtr> second = run_once(*context, *engine, sample, late, 0xff);
  for (std::size_t k = 0; k < first.size(); ++k)
    if (first[k]->dims != second[k]->dims ||
        (first[k]->bytes() > 0 && std::memcmp(first[k]->read(), second[k]->read(), first[k]->bytes()) != 0))
      base::fail(ErrorCode::internal, "two runs differ in output ", k);
  return first;
}

std::string first_difference(const Expected& expected, const std::vector<ConstantPtr>& found, const Sample& sample,
                             Verdict& verdict) {
  std::string text;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const Comparison result = compare_output(expected, k, *found[k]);
    verdict.elements += result.elements;
    verdict.unchecked += result.unchecked;
    if (text.empty() && !result.difference.empty())
      text = base::str("wrong: output ", k, " '", sample.graph.outputs()[k].name, "' ", result.difference);
  }
  return text;
}

std::string failure_of_plan(const Plan& plan, const Sample& sample, const Mode& mode, const Expected& expected) {
  Verdict ignored;
  try {
    return first_difference(expected, run_plan(plan, sample, mode), sample, ignored);
  } catch (const std::exception& error) {
    return base::str("refused: ", error.what());
  }
}

/// The first pass behind which the references give something else, without those that are disabled.
std::string blamed_pass(const Sample& sample, const std::vector<std::string>& disabled, const Expected& expected) {
  std::string blamed;
  Graph g = sample.graph;
  passes::PassOptions options;
  options.disabled.insert(disabled.begin(), disabled.end());
  options.on_change = [&](const passes::Pass& pass, int round, const Graph& now) {
    if (!blamed.empty()) return;
    Verdict ignored;
    std::string difference;
    try {
      std::vector<ConstantPtr> outputs;
      const std::vector<ConstantPtr> all = evaluate_tensors(now, sample.inputs);
      for (const Graph::Output& output : now.outputs()) outputs.push_back(all[static_cast<std::size_t>(output.tensor)]);
      difference = first_difference(expected, outputs, sample, ignored);
    } catch (const std::exception& error) {
      difference = base::str("the references refuse: ", error.what());
    }
    if (!difference.empty()) blamed = base::str("pass ", pass.name, " in round ", round, " (", difference, ")");
  };
  passes::run_passes(g, options);
  return blamed;
}

}  // namespace

std::string Mode::to_string() const {
  std::string text = base::str("threads ", threads);
  if (exact) text += ", exact";
  if (saved) text += ", saved";
  if (profile) text += ", profile";
  if (random_tactics) text += ", random tactics";
  if (owned) text += ", owned";
  if (!disabled.empty()) text += disabled.size() == passes::all_passes().size() ? ", without passes" : ", without";
  if (disabled.size() < passes::all_passes().size())
    for (const std::string& name : disabled) text += " " + name;
  return text;
}

Mode random_mode(std::uint64_t seed) {
  std::mt19937_64 random(seed ^ 0x5851f42d4c957f2du);
  const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
  Mode mode;
  mode.seed = random();
  mode.threads = one_in(2) ? 2 : 1;
  mode.exact = one_in(4);
  mode.saved = one_in(3);
  mode.profile = one_in(2);
  mode.random_tactics = one_in(3);
  mode.owned = one_in(4);
  const std::uint64_t passes = random() % 8;
  for (const passes::Pass& pass : passes::all_passes())
    if (passes == 0 || (passes == 1 && one_in(2)) || (passes == 2 && one_in(8))) mode.disabled.emplace_back(pass.name);
  return mode;
}

std::vector<ConstantPtr> run_built(const Sample& sample, const Mode& mode) {
  Plan plan = make_plan(sample, mode);
  if (mode.random_tactics) plan = with_choices(plan, random_choices(plan.state(), sample, mode));
  if (mode.saved) plan = saved_and_loaded(plan);
  return run_plan(plan, sample, mode);
}

Verdict check_graph(const Sample& sample, const Mode& mode) {
  Verdict verdict;
  const Expected expected = expect_outputs(sample.graph, sample.inputs, !mode.exact);
  try {
    verdict.failure = first_difference(expected, run_built(sample, mode), sample, verdict);
  } catch (const std::exception& error) {
    verdict.failure = base::str("refused: ", error.what());
  }
  return verdict;
}

std::string diagnose(const Sample& sample, const Mode& mode) {
  const Expected expected = expect_outputs(sample.graph, sample.inputs, !mode.exact);
  try {
    std::string blamed = blamed_pass(sample, mode.disabled, expected);
    if (!blamed.empty()) return blamed;
    // Plans don't know which passes were disabled when they were built: shapes that come later meet all.
    blamed = blamed_pass(sample, {}, expected);
    if (!blamed.empty()) return "where it runs at loading, " + blamed;
    const Plan plan = make_plan(sample, mode);
    plan::Choices all;
    const compile::CompileOptions compile = compile_options(plan.state(), mode);
    const Graph ready = compile::specialise(plan.state().graph, unknown_shapes(sample), compile);
    plan::Choices start = mode.random_tactics ? random_choices(plan.state(), sample, mode) : plan::Choices{};
    for (const compile::LayerProblem& layer : compile::problems(ready, compile)) {
      const std::string key = compile::choice_key(layer.problem, compile);
      plan::Choices changed = start;
      std::string tactic = changed.contains(key) ? changed[key].tactic : "";
      if (tactic.empty()) {
        std::vector<compile::Candidate> list = compile::candidates(layer.problem, compile);
        if (const compile::Candidate* best = compile::choose_candidate(layer.problem, list, compile))
          tactic = compile::name_of(*best);
      }
      changed[key] = {"reference", 1e-6, {}};
      all[key] = {"reference", 1e-6, {}};
      if (failure_of_plan(with_choices(plan, changed), sample, mode, expected).empty())
        return base::str("tactic ", tactic, " of ", key);
    }
    if (failure_of_plan(with_choices(plan, all), sample, mode, expected).empty()) return "several tactics";
    return "neither a pass nor a tactic: placement, compilation or running";
  } catch (const std::exception& error) {
    return base::str("throws: ", error.what());
  }
}

}  // namespace vireo::graphs_testing
