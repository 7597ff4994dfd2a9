// Contexts with cores of their own: workers run there, the caller gets back its own cores, bad numbers are told.

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "engine/api/log.h"
#include "engine/base/affinity.h"
#include "engine/device/cpu/thread_pool.h"
#include "tests/runtime/many_kinds.h"

namespace vireo {
namespace {

using namespace testing_networks;

std::vector<int> own_cores() {
  cpu_set_t set;
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

/// Items that note the core on which each worker found itself, done when every worker has come by.
struct Visits {
  std::vector<std::atomic<int>> core;
  std::atomic<int> missing;
  device::ThreadPool* pool;
  explicit Visits(device::ThreadPool& t) : core(static_cast<std::size_t>(t.size())), missing(t.size()), pool(&t) {
    for (auto& c : core) c = -1;
  }
  static bool body(void* self, int worker) noexcept {
    auto& v = *static_cast<Visits*>(self);
    int unseen = -1;
    if (v.core[static_cast<std::size_t>(worker)].compare_exchange_strong(unseen, sched_getcpu()) && --v.missing == 0)
      v.pool->signal();
    return v.missing == 0;
  }
};

TEST(Cores, each_worker_of_a_team_runs_on_its_core) {
  const std::vector<int> mine = own_cores();
  std::vector<int> reversed(mine.rbegin(), mine.rend());
  if (reversed.size() > 8) reversed.resize(8);
  device::ThreadPool pool(reversed);
  ASSERT_EQ(pool.size(), static_cast<int>(reversed.size()));
  for (int round = 0; round < 20; ++round) {
    const base::OnCore on(pool.first_core());
    Visits visits(pool);
    pool.run(&Visits::body, &visits);
    for (std::size_t w = 0; w < reversed.size(); ++w) EXPECT_EQ(visits.core[w], reversed[w]) << "worker " << w;
  }
  EXPECT_EQ(own_cores(), mine);
}

TEST(Cores, of_a_context_don_t_change_its_results_nor_its_callers_cores) {
  const std::vector<int> mine = own_cores();
  BuildOptions options;
  options.budget_s = 0;
  options.threads = 2;
  auto engine = Engine::load(build(many_kinds(), options), {}, {.threads = 2});
  const auto wanted = run_many_kinds(*engine);
  ASSERT_FALSE(wanted.empty());
  for (const int core : {mine.front(), mine.back()}) {
    EXPECT_LT(relative_l2(run_many_kinds(*engine, {.cores = {core}}), wanted), 1e-5);
    EXPECT_EQ(own_cores(), mine);
  }
  EXPECT_LT(relative_l2(run_many_kinds(*engine, {.cores = mine}), wanted), 1e-5);
  EXPECT_EQ(own_cores(), mine);
}

TEST(Cores, hold_the_thread_that_runs_for_the_time_of_the_run) {
  // A logger hears the fault of a layer from inside the run, on the thread that computes it.
  struct Hears : Logger {
    int core = -1, width = 0;
    void log(LogLevel, std::string_view) noexcept override {
      cpu_set_t set;
      if (sched_getaffinity(0, sizeof set, &set) == 0) width = CPU_COUNT(&set);
      core = sched_getcpu();
    }
  };
  Network n;
  const auto x = n.add_input("x", DataType::float32, {2, 3});
  const auto lengths = n.add_input("i", DataType::int64, {3});
  n.mark_output(n.add_layer("reverse_sequence", {x, lengths}, {}, "turn")[0], "y");
  auto engine = Engine::load(quick_plan(n));
  for (const int core : own_cores()) {
    auto context = engine->create_context({.cores = {core}});
    (void)context->allocate("x");
    (void)context->allocate("y");
    const Buffer i = context->allocate("i");
    std::fill_n(i.as<std::int64_t>(), 3, std::int64_t{99});
    Hears ears;
    Logger* former = set_logger(&ears);
    const bool ok = context->run().ok();
    set_logger(former);
    EXPECT_FALSE(ok);
    EXPECT_EQ(ears.core, core);
    EXPECT_EQ(ears.width, 1);
  }
}

TEST(Cores, that_cannot_be_are_told_clearly) {
  auto engine = Engine::load(quick_plan(branches(1)));
  const int mine = own_cores().front();
  const auto message = [&](const ContextOptions& options) -> std::string {
    try {
      (void)engine->create_context(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      return error.what();
    }
    return "accepted";
  };
  EXPECT_NE(message({.cores = {-1}}).find("may run on " + std::to_string(mine)), std::string::npos)
      << message({.cores = {-1}});
  EXPECT_NE(message({.cores = {100000}}).find("100000"), std::string::npos);
  EXPECT_NE(message({.cores = {CPU_SETSIZE - 1}}).find("may run on"), std::string::npos);
  EXPECT_NE(message({.cores = {mine, mine}}).find("more than once"), std::string::npos);
  EXPECT_NE(message({.threads = 2, .cores = {mine}}).find("threads is 2"), std::string::npos);
  EXPECT_NE(message({.threads = -1}).find("threads is -1"), std::string::npos);
  EXPECT_EQ(message({.threads = 1, .cores = {mine}}), "accepted");
}

TEST(Cores, of_contexts_that_run_at_once_stay_apart) {
  const std::vector<int> mine = own_cores();
  auto engine = Engine::load(quick_plan(branches(1)), {}, {.threads = 2});
  const auto x = ramp(3 * 16 * 16);
  const auto wanted = run(*engine, x, 1);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < std::min<std::size_t>(mine.size(), 4); ++t)
    threads.emplace_back([&, t] {
      auto context = engine->create_context({.cores = {mine[t]}});
      Stream stream = engine->create_stream();
      const Buffer in = context->allocate("x"), out = context->allocate("y");
      std::copy(x.begin(), x.end(), in.as<float>());
      for (int round = 0; round < 50; ++round) {
        if (!(round % 2 ? context->run() : context->enqueue(stream)).ok() || !stream.synchronize().ok()) ++wrong;
        for (std::size_t i = 0; i < wanted.size(); ++i) wrong += std::abs(out.as<float>()[i] - wanted[i]) > 1e-4f;
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace vireo
