// Steps on fewer workers than there are: every tile once and in order of stages, no more workers than allowed, serial
// stages by one worker; what a build measured is kept and used.

#include "engine/tune/workers.h"
#include "engine/compile/lower.h"
#include "engine/compile/share_work.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "engine/device/cpu/executor.h"
#include "engine/plan/plan_state.h"
#include "engine/runtime/module.h"
#include "tests/runtime/many_kinds.h"

namespace vireo {
namespace {

using namespace testing_networks;
using device::Segment;
using device::Stage;

/// What the tiles of a step saw.
struct Log {
  std::mutex mutex;
  std::vector<std::pair<std::int64_t, std::thread::id>> tiles;
  std::atomic<int>* finished;      ///< tiles of the whole program
  int before = 0;                  ///< of earlier stages
  std::atomic<bool> early{false};  ///< a tile ran before its stage was open
};

void note(const graph::TileArgs& args) noexcept {
  auto& log = *static_cast<Log*>(const_cast<void*>(args.state));
  if (*log.finished < log.before) log.early = true;
  const std::lock_guard lock(log.mutex);
  log.tiles.emplace_back(args.tile, std::this_thread::get_id());
  ++*log.finished;
}

/// Stages of one or two steps with so many tiles each, shared among so many workers.
struct Shape {
  std::vector<std::int64_t> tiles;
  int workers;
};

struct Noted {
  Segment program;
  std::vector<std::shared_ptr<Log>> logs;  ///< by step
  std::atomic<int> finished{0};

  Noted(const std::vector<Shape>& shapes, int workers) {
    program.workers = workers;
    int before = 0;
    for (const Shape& shape : shapes) {
      Stage stage;
      for (const std::int64_t tiles : shape.tiles) {
        auto log = std::make_shared<Log>();
        log->finished = &finished;
        log->before = before;
        logs.push_back(log);
        device::Step step;
        device::CpuLaunch launch;
        launch.state = log;
        launch.phases = {{&note, tiles}};
        step.launch = std::move(launch);
        stage.phases.push_back({static_cast<std::int32_t>(program.steps.size()), 0});
        stage.tiles += tiles;
        program.steps.push_back(std::move(step));
      }
      before += static_cast<int>(stage.tiles);
      if (shape.workers < workers) stage.share_among(shape.workers);
      program.stages.push_back(stage);
    }
  }
};

TEST(Workers, take_every_tile_once_and_no_more_of_them_than_allowed) {
  const std::vector<Shape> shapes{{{7}, 4}, {{5}, 2}, {{3, 4}, 2}, {{6}, 1},    {{2, 2}, 1}, {{1}, 4},
                                  {{0}, 4}, {{9}, 3}, {{0, 5}, 4}, {{2, 0}, 2}, {{8, 3}, 3}, {{5}, 1}};
  for (const int workers : {1, 2, 4}) {
    Noted noted(shapes, workers);
    auto pool = std::make_shared<device::ThreadPool>(workers);
    device::Executor executor(std::make_shared<Segment>(noted.program), pool, false);
    for (int round = 0; round < 200; ++round) {
      noted.finished = 0;
      for (auto& log : noted.logs) log->tiles.clear();
      ASSERT_TRUE(executor.run({}).ok());
      std::size_t step = 0;
      for (const Shape& shape : shapes) {
        std::set<std::thread::id> by;
        for (const std::int64_t tiles : shape.tiles) {
          Log& log = *noted.logs[step++];
          EXPECT_FALSE(log.early) << "step " << step;
          std::set<std::int64_t> seen;
          for (const auto& [tile, thread] : log.tiles) {
            seen.insert(tile);
            by.insert(thread);
          }
          ASSERT_EQ(static_cast<std::int64_t>(log.tiles.size()), tiles) << "step " << step;
          ASSERT_EQ(static_cast<std::int64_t>(seen.size()), tiles) << "step " << step;
        }
        EXPECT_LE(static_cast<int>(by.size()), std::min(shape.workers, workers)) << "step " << step;
      }
    }
  }
}

TEST(Workers, take_every_tile_once_where_there_are_more_than_a_counter_holds) {
  const std::vector<std::int64_t> counts{65535, 65536, 131071, 200001};
  Noted noted({{{counts[0]}, 3}, {{counts[1]}, 3}, {{counts[2]}, 3}, {{counts[3]}, 2}}, 3);
  device::Executor executor(std::make_shared<Segment>(noted.program), std::make_shared<device::ThreadPool>(3), false);
  ASSERT_TRUE(executor.run({}).ok());
  for (std::size_t step = 0; step < counts.size(); ++step) {
    Log& log = *noted.logs[step];
    EXPECT_FALSE(log.early) << "step " << step;
    std::vector<char> seen(static_cast<std::size_t>(counts[step]), 0);
    for (const auto& [tile, thread] : log.tiles) seen.at(static_cast<std::size_t>(tile)) = 1;
    ASSERT_EQ(log.tiles.size(), seen.size()) << "step " << step;
    ASSERT_EQ(std::count(seen.begin(), seen.end(), 1), counts[step]) << "step " << step;
  }
}

TEST(Workers, are_first_offered_tiles_of_their_own_end) {
  // Whoever is odd begins at the last tile: it finds there what it wrote in the stage before.
  Noted noted({{{64}, 2}, {{64}, 2}}, 2);
  device::Executor executor(std::make_shared<Segment>(noted.program), std::make_shared<device::ThreadPool>(2), false);
  for (int round = 0; round < 50; ++round) {
    for (auto& log : noted.logs) log->tiles.clear();
    noted.finished = 0;
    ASSERT_TRUE(executor.run({}).ok());
    for (const auto& log : noted.logs) {
      std::map<std::thread::id, std::vector<std::int64_t>> by;
      for (const auto& [tile, thread] : log->tiles) by[thread].push_back(tile);
      for (const auto& [thread, tiles] : by) {
        const bool caller = thread == std::this_thread::get_id();
        EXPECT_EQ(tiles.front(), caller ? 0 : 63);
        EXPECT_TRUE(caller ? std::is_sorted(tiles.begin(), tiles.end()) : std::is_sorted(tiles.rbegin(), tiles.rend()));
      }
    }
  }
}

TEST(Workers, of_a_program_of_serial_stages_are_its_caller_alone) {
  Noted noted({{{6}, 1}, {{3, 2}, 1}, {{1}, 1}}, 3);
  device::Executor executor(std::make_shared<Segment>(noted.program), std::make_shared<device::ThreadPool>(3), false);
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(executor.run({}).ok());
    for (const auto& log : noted.logs)
      for (const auto& [tile, thread] : log->tiles) ASSERT_EQ(thread, std::this_thread::get_id());
  }
  const std::size_t each[] = {600, 300, 200, 100};
  for (std::size_t step = 0; step < 4; ++step) EXPECT_EQ(noted.logs[step]->tiles.size(), each[step]) << step;
}

BuildOptions options_of(double budget_s) {
  BuildOptions options;
  options.budget_s = budget_s;
  options.threads = 2;
  return options;
}

TEST(Workers, that_a_plan_names_are_used_and_results_stay) {
  const Plan plan = build(many_kinds(), options_of(0));
  const auto wanted = run_many_kinds(*Engine::load(plan, {}, {.threads = 2}));
  const auto path = std::filesystem::temp_directory_path() / ("vireo_workers_" + std::to_string(getpid()) + ".plan");
  const runtime::Module module(compile::lower(plan.state(), plan.state().sections[0]), {}, {{.workers = 2}, {}});
  for (int every : {1, 2}) {  // all steps on one worker, and every other one
    Plan::State state = plan.state();
    plan::Choices& choices = state.sections[0].choices;
    std::set<std::string> chosen;
    int at = 0;
    for (const device::Step& step : module.program()->segments.front()->steps)
      if (at++ % every == 0) choices["workers " + step.problem] = {"1", 1e-6}, chosen.insert(step.layer);
    Plan(plan::finish(std::move(state))).save(path);
    const auto engine = Engine::load(path, {}, {.threads = 2});
    std::filesystem::remove(path);
    int used = 0;
    for (const LayerReport& layer : engine->report()) used += layer.workers == 1;
    EXPECT_GE(used, static_cast<int>(chosen.size()));
    EXPECT_EQ(run_many_kinds(*engine), wanted);
  }
}

TEST(Workers, that_are_no_number_are_an_error) {
  const auto chosen = [](const char* text, const char* problem) {
    const plan::Choices choices{{"workers p", {text, 0}}};
    return compile::chosen_workers({.workers = 4, .choices = &choices}, problem);
  };
  EXPECT_EQ(chosen("3", "p"), 3);
  EXPECT_EQ(chosen("4", "p"), 0) << "all";
  EXPECT_EQ(chosen("3", "q"), 0);
  for (const char* text : {"", "0", "-1", "two", "1x"}) EXPECT_THROW((void)chosen(text, "p"), Error) << text;
}

std::atomic<int> tiles_run{0};
void do_little(const graph::TileArgs&) noexcept { ++tiles_run; }

TEST(Workers, are_measured_for_small_steps_once) {
  Segment program;
  program.workers = 3;
  for (const std::int64_t tiles : {3, 8, 1, 5}) {
    device::Step step;
    step.problem = "problem " + std::to_string(tiles);
    device::CpuLaunch launch;
    launch.phases = {{&do_little, tiles}};
    step.launch = std::move(launch);
    Stage stage;
    stage.phases = {{static_cast<std::int32_t>(program.steps.size()), 0}};
    stage.tiles = tiles;
    program.steps.push_back(std::move(step));
    program.stages.push_back(stage);
  }
  const auto pool = std::make_shared<device::ThreadPool>(3);
  plan::Choices choices;
  tune::time_workers(program, pool, 0, choices, {});
  EXPECT_TRUE(choices.empty() && tiles_run == 0) << "without a budget";
  tune::time_workers(program, pool, 1, choices, {}, 1.0);
  ASSERT_EQ(choices.size(), 4u);
  for (const auto& [key, choice] : choices) {
    EXPECT_EQ(key.rfind("workers problem ", 0), 0u) << key;
    EXPECT_TRUE(choice.tactic == "1" || choice.tactic == "2" || choice.tactic == "3") << choice.tactic;
    EXPECT_GE(choice.seconds, 0);
  }
  const int run = tiles_run;
  tune::time_workers(program, pool, 1, choices, {}, 1.0);
  EXPECT_LE(tiles_run - run, 5 * (3 + 8 + 1 + 5)) << "what is known is only looked at";
  choices.clear();
  EXPECT_THROW(tune::time_workers(
                   program, pool, 1, choices, [](std::string_view, double) { return false; }, 1.0),
               Error);
}

}  // namespace
}  // namespace vireo
