#include "engine/tune/timing.h"

#include <algorithm>
#include <optional>
#include <set>

#include "engine/api/log.h"
#include "engine/base/stopwatch.h"
#include "engine/base/text.h"
#include "engine/compile/depth_first.h"
#include "engine/compile/parallel.h"
#include "engine/tune/trial.h"

namespace vireo::tune {
namespace {

// A challenger must win by this much: on noisy machines smaller differences are luck, and a stable default keeps builds
// repeatable.
constexpr double kMargin = 0.03;
constexpr double kTacticShare = 0.7;  // of the budget; the rest is for groups

struct Contest {
  const graph::Problem* problem;
  std::string key;
  std::vector<compile::Candidate> list;
  double weight;
};

/// Leaves what is admitted, predicted best first: it is the default that others must beat. What is predicted to take
/// kCut times as long isn't timed, nor asked whether it is admitted.
void keep_promising(const graph::Problem& problem, const compile::CompileOptions& options,
                    std::vector<compile::Candidate>& list) {
  constexpr double kCut = 2;
  const auto refused = [&](compile::Candidate& c) { return !admitted(problem, c, options); };
  std::vector<std::pair<double, compile::Candidate>> predicted;
  for (const compile::Candidate& c : list) {
    if (!c.tactic || !c.tactic->predict) {
      std::erase_if(list, refused);
      return;
    }
    predicted.emplace_back(c.tactic->predict(problem), c);
  }
  std::stable_sort(predicted.begin(), predicted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  list.clear();
  double best = 0;
  for (auto& [seconds, candidate] : predicted) {
    if (!list.empty() && seconds > best * kCut) break;
    if (refused(candidate)) continue;
    if (list.empty()) best = seconds;
    list.push_back(std::move(candidate));
  }
}

/// Weights that are too large to be packed for all candidates at once.
bool is_heavy(const graph::Problem& problem) {
  std::size_t bytes = 0;
  for (const graph::Desc& desc : problem.inputs)
    if (desc.constant) bytes += desc.constant->bytes();
  return bytes > std::size_t{16} << 20;
}

/// Null when the candidate can't even be prepared: it is out, and the others race on.
std::unique_ptr<Trial> trial_of(const graph::Problem& problem, const compile::Candidate& candidate,
                                const std::shared_ptr<device::ThreadPool>& pool, const base::Deadline* deadline) {
  try {
    std::vector<TrialStep> steps(1);
    steps[0] = {&problem, prepare(problem, candidate)};
    return std::make_unique<Trial>(std::move(steps), pool, deadline);
  } catch (const std::exception& error) {
    if (deadline) deadline->check("timing tactics");
    log(LogLevel::warning, base::str(name_of(candidate), " is out of its trial: ", error.what()));
    return nullptr;
  }
}

/// One candidate after the other, for heavy problems; a few runs of those are long enough.
std::vector<double> time_one_by_one(const Contest& contest, const std::shared_ptr<device::ThreadPool>& pool,
                                    const base::Deadline* deadline) {
  std::vector<double> best;
  for (const compile::Candidate& c : contest.list) {
    const std::unique_ptr<Trial> trial = trial_of(*contest.problem, c, pool, deadline);
    double seconds = trial ? trial->run() : kOut;
    for (int round = 1; round < 4 && seconds != kOut; ++round) {
      const double next = trial->run();
      seconds = next == kOut ? kOut : std::min(seconds, next);
    }
    best.push_back(seconds);
  }
  return best;
}

std::vector<double> time_interleaved(const Contest& contest, const std::shared_ptr<device::ThreadPool>& pool,
                                     double budget_s, const base::Deadline* deadline) {
  std::vector<std::unique_ptr<Trial>> trials(contest.list.size());
  const auto make = [&](std::size_t i) { trials[i] = trial_of(*contest.problem, contest.list[i], pool, deadline); };
  // Devices compile programs for their trials, which takes longer than to run them.
  if (contest.problem->target->is_cpu()) compile::for_each_parallel(trials.size(), 1, make);
  else
    compile::for_each_parallel(trials.size(), base::available_cores(), make, [&] {
      if (deadline) deadline->check("timing tactics");
    });
  return race(trials, budget_s);
}

/// What fails on the trial's data is out; where all do, the reference is the choice: it says what is wrong.
plan::Choice decide(const Contest& contest, const std::shared_ptr<device::ThreadPool>& pool, double budget_s,
                    const base::Deadline* deadline) {
  const std::vector<double> best = is_heavy(*contest.problem) ? time_one_by_one(contest, pool, deadline)
                                                              : time_interleaved(contest, pool, budget_s, deadline);
  std::size_t winner = 0;
  for (std::size_t i = 1; i < best.size(); ++i)
    if (best[i] < best[winner] * (1 - kMargin)) winner = i;
  if (best[winner] == kOut) return {std::string(name_of(compile::Candidate{})), 0};
  plan::Choice choice{std::string(name_of(contest.list[winner])), best[winner]};
  for (std::size_t i = 0; i < best.size(); ++i)
    if (i != winner && best[i] != kOut) choice.beside.emplace_back(name_of(contest.list[i]), best[i]);
  return choice;
}

/// A group as one step beside its layers as steps of their own, with the tactics they have so far.
void decide_depth_first(std::span<const graph::Problem> problems, const compile::CompileOptions& options,
                        plan::Choices& choices, const std::shared_ptr<device::ThreadPool>& pool, double budget_s) {
  std::optional<compile::DepthFirstStep> group = prepare_depth_first(problems, options);
  if (!group) return;
  std::vector<TrialStep> apart;
  graph::Problem fused = problems[0];
  for (std::size_t i = 0; i < problems.size(); ++i) {
    std::vector<compile::Candidate> list = candidates(problems[i], options);
    const compile::Candidate* chosen = choose_candidate(problems[i], list, options);
    if (!chosen) return;
    apart.push_back({&problems[i], prepare(problems[i], *chosen)});
    if (i > 0) fused.inputs.insert(fused.inputs.end(), problems[i].inputs.begin() + 1, problems[i].inputs.end());
  }
  fused.outputs = problems.back().outputs;
  std::vector<TrialStep> one(1);
  one[0] = {&fused, std::move(group->launch)};
  std::vector<std::unique_ptr<Trial>> trials;
  trials.push_back(std::make_unique<Trial>(std::move(apart), pool));
  trials.push_back(std::make_unique<Trial>(std::move(one), pool));
  const std::vector<double> best = race(trials, budget_s);
  constexpr double kNever_s = 1e9;  // a number that the timing cache can hold
  const bool out = best[0] == kOut || best[1] == kOut;
  choices[apart_key(problems, options)] = {"apart", out ? 0 : best[0]};
  choices[fused_key(problems, options)] = {"fused", out ? kNever_s : best[1]};
}

/// Times the groups that may be worth it, those of the dearest layers first.
void time_depth_first(const graph::Graph& graph, const compile::CompileOptions& compile_options, double budget_s,
                      plan::Choices& choices, const std::shared_ptr<device::ThreadPool>& pool,
                      const Progress& progress) {
  if (!compile_options.target->is_cpu()) return;
  const base::Stopwatch watch;
  compile::CompileOptions options = compile_options;
  options.choices = &choices;
  const std::vector<graph::LayerId> order = graph.topological_order();
  const compile::Placement placement = compile::place(graph, order, options);
  struct Group {
    std::vector<graph::Problem> problems;
    double saved;
  };
  std::vector<Group> list;
  std::set<std::string> seen;
  for (const std::vector<graph::LayerId>& run : find_runs(graph, order, placement, options)) {
    std::vector<graph::Problem> problems;
    for (graph::LayerId id : run) problems.push_back(problem_of(graph, id, placement, options));
    for (std::size_t count = 2; count <= std::min(compile::kMaxDepthFirst, run.size()); ++count)
      for (std::size_t first = 0; first + count <= run.size(); ++first) {
        const std::span<const graph::Problem> part = std::span(problems).subspan(first, count);
        std::string key = fused_key(part, options);
        if (choices.contains(key) || !seen.insert(std::move(key)).second) continue;
        const compile::DepthFirstEstimate estimate = estimate_depth_first(part, options);
        if (estimate.saved > -0.1 * estimate.cost) list.push_back({{part.begin(), part.end()}, estimate.saved});
      }
  }
  std::stable_sort(list.begin(), list.end(), [](const Group& a, const Group& b) { return a.saved > b.saved; });
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double left = budget_s - watch.seconds();
    if (left <= 0) break;
    if (progress && !progress("timing depth-first groups", static_cast<double>(i) / static_cast<double>(list.size())))
      throw Error(ErrorCode::cancelled, "the build was cancelled");
    decide_depth_first(list[i].problems, options, choices, pool, std::min(left, budget_s / 10));
  }
  if (progress) (void)progress("timing depth-first groups", 1.0);
}

/// What may be timed: accepted, admitted, promising; the reference only where nothing else is left.
std::vector<compile::Candidate> contenders(const graph::Problem& problem, const compile::CompileOptions& options) {
  std::vector<compile::Candidate> list = candidates(problem, options);
  std::erase_if(list, [](const compile::Candidate& c) { return !c.refused.empty(); });
  if (list.size() > 1) std::erase_if(list, [](const compile::Candidate& c) { return !c.tactic; });
  keep_promising(problem, options, list);
  return list;
}

}  // namespace

plan::Choice time_problem(const graph::Problem& problem, const compile::CompileOptions& compile_options,
                          const std::shared_ptr<device::ThreadPool>& pool, double budget_s) {
  std::vector<compile::Candidate> list = contenders(problem, compile_options);
  if (list.empty()) return {};
  return decide({&problem, {}, std::move(list), 0}, pool, budget_s, compile_options.deadline);
}

void time_pair(const graph::Problem& a, const graph::Problem& b, const compile::CompileOptions& compile_options,
               const std::shared_ptr<device::ThreadPool>& pool, double budget_s, plan::Choices& choices) {
  compile::CompileOptions options = compile_options;
  options.choices = &choices;
  std::vector<std::unique_ptr<Trial>> trials;
  std::vector<std::string> tactics;
  for (const graph::Problem* problem : {&a, &b}) {
    std::vector<compile::Candidate> list = candidates(*problem, options);
    const compile::Candidate* chosen = choose_candidate(*problem, list, options);
    if (!chosen) return;
    tactics.emplace_back(name_of(*chosen));
    trials.push_back(trial_of(*problem, *chosen, pool, compile_options.deadline));
  }
  const std::vector<double> best = race(trials, budget_s);
  if (best[0] == kOut || best[1] == kOut) return;
  for (const std::size_t i : {0, 1}) {  // what was timed beside them stays
    plan::Choice& choice = choices[choice_key(i == 0 ? a : b, options)];
    choice.tactic = tactics[i];
    choice.seconds = best[i];
  }
}

void time_candidates(const graph::Graph& graph, const compile::CompileOptions& compile_options,
                     const TimingOptions& options, plan::Choices& choices, const Progress& progress) {
  const base::Stopwatch watch;
  const std::vector<compile::LayerProblem> all = problems(graph, compile_options);
  std::vector<Contest> contests;
  std::map<std::string, std::size_t> seen;
  for (const compile::LayerProblem& lp : all) {
    if (compile_options.deadline) compile_options.deadline->check("weighing tactics");
    std::string key = choice_key(lp.problem, compile_options);
    if (choices.contains(key)) continue;
    const auto [it, fresh] = seen.try_emplace(key, contests.size());
    if (!fresh) {
      contests[it->second].weight += compile::predict_seconds(lp.problem);
      continue;
    }
    std::vector<compile::Candidate> list = contenders(lp.problem, compile_options);
    if (list.size() < 2) {
      contests.push_back({nullptr, std::move(key), {}, 0});
      continue;
    }
    contests.push_back({&lp.problem, std::move(key), std::move(list), compile::predict_seconds(lp.problem)});
  }
  std::erase_if(contests, [](const Contest& c) { return !c.problem; });
  std::stable_sort(contests.begin(), contests.end(),
                   [](const Contest& a, const Contest& b) { return a.weight > b.weight; });
  const auto pool = std::make_shared<device::ThreadPool>(compile_options.workers);
  for (std::size_t i = 0; i < contests.size(); ++i) {
    const double left = kTacticShare * options.budget_s - watch.seconds();
    if (left <= 0) break;
    if (progress && !progress("timing tactics", static_cast<double>(i) / static_cast<double>(contests.size())))
      throw Error(ErrorCode::cancelled, "the build was cancelled");
    choices[contests[i].key] =
        decide(contests[i], pool, std::min(left, options.budget_s / 10), compile_options.deadline);
  }
  if (progress) (void)progress("timing tactics", 1.0);
  time_depth_first(graph, compile_options, options.budget_s - watch.seconds(), choices, pool, progress);
}

}  // namespace vireo::tune
