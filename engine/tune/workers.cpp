#include "engine/tune/workers.h"

#include <algorithm>
#include <map>
#include <random>

#include "engine/base/memory.h"
#include "engine/base/stopwatch.h"
#include "engine/compile/share_work.h"
#include "engine/device/cpu/executor.h"

namespace vireo::tune {
namespace {

constexpr double kWorthwhile = 0.01;  // share of the program that small steps must have
constexpr double kStepMargin = 0.03, kProgramMargin = 0.01;
constexpr int kRounds = 120;
constexpr int kLeastRuns = 40;  // that the budget must have room for; fewer prove nothing

/// A copy of the program in which the steps that `among` has run on so many workers.
device::Segment shared_among(const device::Segment& program, const std::map<std::string, int>& among) {
  device::Segment copy = program;
  for (device::Step& step : copy.steps) {
    const auto it = among.find(step.problem);
    step.workers = it == among.end() || it->second >= copy.workers ? 0 : it->second;
  }
  compile::share_stages(copy);
  return copy;
}

/// A program with buffers for its bindings.
class Runs {
 public:
  Runs(device::Segment program, const std::shared_ptr<device::ThreadPool>& pool, std::span<void* const> bindings,
       bool profile)
      : executor_(std::make_shared<device::Segment>(std::move(program)), pool, profile), bindings_(bindings) {}
  double run() {
    const base::Stopwatch watch;
    failed_ |= !executor_.run(bindings_).ok();
    times_.push_back(watch.seconds());
    const auto steps = executor_.step_seconds();
    by_step_.resize(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) by_step_[i].push_back(steps[i]);
    return times_.back();
  }
  void forget() {
    times_.clear();
    by_step_.clear();
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] double seconds() const { return best(times_); }
  /// By problem, of all its steps together.
  [[nodiscard]] std::map<std::string, double> by_problem() const {
    std::map<std::string, double> seconds;
    for (std::size_t i = 0; i < by_step_.size(); ++i)
      seconds[executor_.segment().steps[i].problem] += best(by_step_[i]);
    return seconds;
  }

 private:
  // Other programs slow hand-overs much more than they slow one worker: anything near the median would prefer one
  // worker wherever the build shares its cores, and did. The best of many rounds had the cores for itself.
  static double best(const std::vector<double>& times) {
    return times.empty() ? 0 : *std::min_element(times.begin(), times.end());
  }

  device::Executor executor_;
  std::span<void* const> bindings_;
  bool failed_ = false;
  std::vector<double> times_;
  std::vector<std::vector<double>> by_step_;
};

/// Interleaved rounds; the first warms up.
void race(const std::vector<std::unique_ptr<Runs>>& runs, double budget_s) {
  for (const auto& r : runs) r->run();
  for (const auto& r : runs) r->forget();
  const base::Stopwatch watch;
  for (int round = 0; round < kRounds && (round < 4 || watch.seconds() < budget_s); ++round)
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Runs& r = *runs[(i + static_cast<std::size_t>(round)) % runs.size()];
      r.run();
    }
}

/// Memory for the bindings, with plausible numbers in the inputs.
class Buffers {
 public:
  explicit Buffers(const device::Segment& program) {
    std::minstd_rand random(42);
    for (const device::Binding& binding : program.bindings) {
      memory_.push_back(base::allocate_aligned(binding.bytes));
      pointers_.push_back(memory_.back().get());
      std::fill_n(memory_.back().get(), binding.bytes, std::byte{0});
      if (binding.output || binding.info.dtype != DataType::float32) continue;
      auto* values = reinterpret_cast<float*>(memory_.back().get());
      for (std::size_t i = 0; i < binding.bytes / sizeof(float); ++i)
        values[i] = static_cast<float>(random() % 2001) * 1e-3f - 1.0f;
    }
  }
  [[nodiscard]] std::span<void* const> pointers() const { return pointers_; }

 private:
  std::vector<std::shared_ptr<std::byte>> memory_;
  std::vector<void*> pointers_;
};

}  // namespace

void time_workers(const device::Segment& program, const std::shared_ptr<device::ThreadPool>& pool, double budget_s,
                  plan::Choices& choices, const Progress& progress, double small_s) {
  if (program.workers < 2 || budget_s <= 0) return;
  double predicted = 0;
  for (const device::Step& step : program.steps) predicted += step.predicted_s;
  if (budget_s < kLeastRuns * predicted / 4) return;  // beyond the prediction's error
  if (progress && !progress("timing workers", 0)) throw Error(ErrorCode::cancelled, "the build was cancelled");
  const Buffers buffers(program);
  const auto runs_of = [&](const std::map<std::string, int>& among, bool profile) {
    return std::make_unique<Runs>(shared_among(program, among), pool, buffers.pointers(), profile);
  };
  std::vector<std::unique_ptr<Runs>> variants;
  variants.push_back(runs_of({}, true));
  for (int i = 0; i < 2; ++i)
    if (budget_s < kLeastRuns * variants[0]->run() && i > 0) return;
  if (variants[0]->failed()) return;  // made-up inputs are none that the network takes
  variants[0]->forget();
  for (int i = 0; i < 3; ++i) variants[0]->run();

  std::map<std::string, int> steps_of;
  for (const device::Step& step : program.steps) ++steps_of[step.problem];
  std::map<std::string, int> small;
  double small_seconds = 0;
  bool news = false;
  for (const auto& [problem, seconds] : variants[0]->by_problem()) {
    if (problem.empty() || seconds / steps_of[problem] > small_s) continue;
    small[problem] = 1;
    small_seconds += seconds;
    news |= !choices.contains(compile::workers_key(problem));
  }
  const double all = variants[0]->seconds();
  if (!news || small_seconds < kWorthwhile * all || budget_s < kLeastRuns * all) return;

  std::vector<int> counts{program.workers};
  for (int workers = 1; workers < program.workers; workers *= 2) {
    for (auto& [problem, count] : small) count = workers;
    variants.push_back(runs_of(small, true));
    counts.push_back(workers);
  }
  race(variants, budget_s * 0.6);
  std::vector<std::map<std::string, double>> seconds;
  for (const auto& variant : variants) seconds.push_back(variant->by_problem());
  std::map<std::string, int> mixed;
  for (const auto& [problem, count] : small) {
    std::size_t best = 0;
    for (std::size_t v = 1; v < variants.size(); ++v)
      if (seconds[v][problem] < seconds[best][problem] * (1 - kStepMargin)) best = v;
    mixed[problem] = counts[best];
  }
  // Each step's own gain is measured among neighbours that all changed with it; the mixture, or one worker
  // for all of them, must prove itself twice.
  variants.clear();
  variants.push_back(runs_of({}, false));
  variants.push_back(runs_of(mixed, false));
  for (auto& [problem, count] : small) count = 1;
  variants.push_back(runs_of(small, false));
  std::size_t best = variants.size();
  for (int proof = 0; proof < 2; ++proof) {
    race(variants, budget_s * 0.2);
    std::size_t winner = 0;
    for (std::size_t v = 1; v < variants.size(); ++v)
      if (variants[v]->seconds() < variants[winner]->seconds() * (1 - kProgramMargin)) winner = v;
    best = best == variants.size() || best == winner ? winner : 0;
  }
  for (const auto& [problem, count] : small) {
    const int workers = best == 0 ? program.workers : best == 1 ? mixed[problem] : 1;
    const auto measured = std::find(counts.begin(), counts.end(), workers) - counts.begin();
    choices[compile::workers_key(problem)] = {std::to_string(workers),
                                              seconds[static_cast<std::size_t>(measured)][problem] / steps_of[problem]};
  }
  if (progress) (void)progress("timing workers", 1.0);
}

}  // namespace vireo::tune
