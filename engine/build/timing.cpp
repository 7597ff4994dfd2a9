#include "engine/build/timing.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>

#include "engine/base/memory.h"
#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/program/executor.h"

namespace vireo::builder {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A challenger must win by this much: on noisy machines smaller differences are luck, and a stable default keeps builds
// repeatable.
constexpr double kMargin = 0.03;

/// One candidate of one problem as a program of its own, with buffers that hold plausible numbers.
class Trial {
 public:
  Trial(const graph::Problem& problem, const Candidate& candidate, const std::shared_ptr<base::Team>& team) {
    auto program = std::make_shared<program::Program>();
    program->workers = team->size();
    program::Step step;
    step.launch = prepare(problem, candidate);
    for (std::size_t k = 0; k < problem.inputs.size(); ++k) add(*program, step.inputs, problem.inputs[k], true);
    for (const graph::Desc& desc : problem.outputs) add(*program, step.outputs, desc, false);
    program->arena_bytes = step.launch.workspace_bytes;
    program->scratch_bytes = step.launch.scratch_bytes;
    for (std::size_t p = 0; p < step.launch.phases.size(); ++p) {
      program::Stage stage;
      stage.phases = {{0, static_cast<std::int32_t>(p)}};
      stage.tiles = step.launch.phases[p].tiles;
      stage.serial = stage.tiles <= 1;
      program->stages.push_back(std::move(stage));
    }
    program->steps.push_back(std::move(step));
    executor_ = std::make_unique<program::Executor>(program, team, false);
  }

  double run() {
    const auto start = Clock::now();
    (void)executor_->run(pointers_);
    return seconds_since(start);
  }

 private:
  void add(program::Program& program, std::vector<program::Place>& places, const graph::Desc& desc, bool input) {
    if (!desc.present()) return places.push_back({});
    if (desc.constant) {
      program.constants.push_back(desc.constant);
      return places.push_back({program::Place::In::constant, static_cast<std::int32_t>(program.constants.size()) - 1, 0});
    }
    const std::int64_t row = desc.dims.empty() ? 1 : desc.dims.back();
    const std::int64_t rows = row ? desc.count() / row : 0;
    buffers_.push_back(base::allocate_aligned(static_cast<std::size_t>(rows * std::max(desc.pitch, row)) * size_of(desc.dtype)));
    if (input && desc.dtype == DataType::float32) {
      auto* values = reinterpret_cast<float*>(buffers_.back().get());
      std::minstd_rand random(42);
      for (std::int64_t i = 0; i < rows * desc.pitch; ++i) values[i] = static_cast<float>(random() % 2001) * 1e-3f - 1.0f;
    }
    pointers_.push_back(buffers_.back().get());
    places.push_back({program::Place::In::binding, static_cast<std::int32_t>(pointers_.size()) - 1, 0});
  }

  std::vector<std::shared_ptr<std::byte>> buffers_;
  std::vector<void*> pointers_;
  std::unique_ptr<program::Executor> executor_;
};

struct Contest {
  const graph::Problem* problem;
  std::string key;
  std::vector<Candidate> list;
  double weight;
};

/// Interleaved rounds; each candidate's best round counts. Losers by more than half drop out after the second round.
Choice decide(const Contest& contest, const std::shared_ptr<base::Team>& team, double budget_s) {
  std::vector<std::unique_ptr<Trial>> trials;
  std::vector<double> best;
  for (const Candidate& c : contest.list) {
    trials.push_back(std::make_unique<Trial>(*contest.problem, c, team));
    best.push_back(1e30);
  }
  const auto start = Clock::now();
  for (int round = 0; round < 12; ++round) {
    const double leader = *std::min_element(best.begin(), best.end());
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (round >= 2 && best[i] > leader * 1.5) continue;
      const int repeats = round == 0 ? 1 : std::clamp(static_cast<int>(300e-6 / std::max(best[i], 1e-7)), 1, 20);
      double total = 0;
      for (int r = 0; r < repeats; ++r) total += trials[i]->run();
      if (round > 0 || total > 50e-3) best[i] = std::min(best[i], total / repeats);
      else best[i] = std::min(best[i], total);
    }
    if (round >= 2 && seconds_since(start) > budget_s) break;
  }
  std::size_t winner = 0;
  for (std::size_t i = 1; i < best.size(); ++i)
    if (best[i] < best[winner] * (1 - kMargin)) winner = i;
  return {std::string(name_of(contest.list[winner])), best[winner]};
}

}  // namespace

void time_candidates(const graph::Graph& graph, const CompileOptions& compile_options, const TimingOptions& options,
                     Choices& choices, const Progress& progress) {
  const auto start = Clock::now();
  const std::vector<LayerProblem> all = problems(graph, compile_options);
  std::vector<Contest> contests;
  std::map<std::string, std::size_t> seen;
  for (const LayerProblem& lp : all) {
    std::string key = lp.problem.key();
    if (choices.contains(key)) continue;
    const auto [it, fresh] = seen.try_emplace(key, contests.size());
    if (!fresh) {
      contests[it->second].weight += predict_seconds(lp.problem);
      continue;
    }
    std::vector<Candidate> list = candidates(lp.problem, options.exact);
    std::erase_if(list, [](const Candidate& c) { return !c.refused.empty(); });
    if (list.size() > 1) list.erase(std::find_if(list.begin(), list.end(), [](const Candidate& c) { return !c.tactic; }));
    // Predicted best first: it is the default that others must beat. Of many candidates only the promising are timed.
    const auto predicted = [&](const Candidate& c) { return c.tactic && c.tactic->predict ? c.tactic->predict(lp.problem) : 0.0; };
    const bool all_predict = std::all_of(list.begin(), list.end(), [](const Candidate& c) { return c.tactic && c.tactic->predict; });
    if (all_predict) {
      std::stable_sort(list.begin(), list.end(), [&](const Candidate& a, const Candidate& b) { return predicted(a) < predicted(b); });
      const double cut = predicted(list.front()) * 3;
      std::erase_if(list, [&](const Candidate& c) { return predicted(c) > cut; });
    }
    if (list.size() < 2) {
      contests.push_back({nullptr, std::move(key), {}, 0});
      continue;
    }
    contests.push_back({&lp.problem, std::move(key), std::move(list), predict_seconds(lp.problem)});
  }
  std::erase_if(contests, [](const Contest& c) { return !c.problem; });
  std::stable_sort(contests.begin(), contests.end(), [](const Contest& a, const Contest& b) { return a.weight > b.weight; });
  const auto team = std::make_shared<base::Team>(compile_options.workers);
  for (std::size_t i = 0; i < contests.size(); ++i) {
    const double left = options.budget_s - seconds_since(start);
    if (left <= 0) break;
    if (progress && !progress("timing tactics", static_cast<double>(i) / static_cast<double>(contests.size())))
      throw Error(ErrorCode::cancelled, "the build was cancelled");
    choices[contests[i].key] = decide(contests[i], team, std::min(left, options.budget_s / 10));
  }
  if (progress) (void)progress("timing tactics", 1.0);
}

}  // namespace vireo::builder
