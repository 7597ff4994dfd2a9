#pragma once
// What Engine, Context and Stream hold. Engine: immutable but for its cache of programs by shape (locked). Context: one
// thread at a time. Stream: its queue is locked; its thread runs the work.

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/api/engine.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/plan/plan_state.h"
#include "engine/runtime/module.h"

namespace vireo {

using runtime::Shapes;

struct Engine::State {
  Plan plan;
  int threads = 1;
  Limits limits;
  std::shared_ptr<device::ThreadPool> pool;
  std::mutex mutex;
  struct Compiled {
    runtime::Shapes shapes;
    int workers;
    std::shared_ptr<const runtime::Module> module;
    std::uint64_t last_use;
  };
  std::vector<Compiled> compiled;
  std::uint64_t uses = 0;

  /// The module for these input shapes, compiled on first use. The least recently used of more than 16 is dropped.
  std::shared_ptr<const runtime::Module> module_for(const runtime::Shapes& shapes, int workers);
};

struct Context::State {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<device::ThreadPool> pool;
  bool profile = false;
  runtime::Shapes shapes;
  /// The runner; replaced as a whole when shapes change, so that work in flight keeps its own. `running` is held while
  /// it runs and by whoever reads what a run leaves in it (continuation results, times of steps).
  struct Active {
    std::unique_ptr<runtime::Runner> runner;
    std::mutex running;
    /// Of binding k, in the run that ended last; waits for one in flight.
    runtime::Runner::Result data_dependent_result(std::size_t k);
  };
  std::shared_ptr<Active> active;
  std::map<std::string, Buffer, std::less<>> buffers;
  std::vector<runtime::Bound> pointers;  ///< one per binding, ready to enqueue; null: not bound
  std::vector<Buffer> held;

  /// Compiles for the current shapes when needed. Throws Error.
  Active& ready();
  void collect_pointers();
  [[nodiscard]] Status check_bound() const noexcept;
};

struct Event::State {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  Status status;
};

struct Stream::State {
  struct Job {
    std::shared_ptr<Context::State::Active> active;
    std::vector<runtime::Bound> pointers;
    std::vector<Buffer> held;
    std::shared_ptr<Event::State> event;  ///< set: a point in the stream instead of an inference
  };
  std::mutex mutex;
  std::condition_variable added, progressed;
  std::deque<Job> queue;
  std::vector<Job> spare;  ///< finished jobs whose vectors are used again
  std::uint64_t pushed = 0, finished = 0;
  bool stop = false;
  Status first_error;
  std::thread thread;

  State();
  ~State();
  void work() noexcept;
  void push(Job job);
  static constexpr std::size_t kSpare = 16;
};

}  // namespace vireo
