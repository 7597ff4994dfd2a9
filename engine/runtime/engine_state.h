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
#include "engine/base/team.h"
#include "engine/build/module.h"
#include "engine/build/plan_state.h"

namespace vireo {

using builder::Shapes;

struct Engine::State {
  Plan plan;
  int threads = 1;
  Limits limits;
  std::shared_ptr<base::Team> team;
  std::mutex mutex;
  struct Compiled {
    Shapes shapes;
    int workers;
    std::shared_ptr<const builder::Module> module;
    std::uint64_t last_use;
  };
  std::vector<Compiled> compiled;
  std::uint64_t uses = 0;

  /// The module for these input shapes, compiled on first use. The least recently used of more than 16 is dropped.
  std::shared_ptr<const builder::Module> module_for(const Shapes& shapes, int workers);
};

struct Context::State {
  std::shared_ptr<Engine> engine;
  std::shared_ptr<base::Team> team;
  bool profile = false;
  Shapes shapes;
  /// The runner; replaced as a whole when shapes change, so that work in flight keeps its own. `running` is held while
  /// it runs and by whoever reads what a run leaves in it (late results, times of steps).
  struct Active {
    std::unique_ptr<builder::Runner> runner;
    std::mutex running;
    /// Of binding k, in the run that ended last; waits for one in flight.
    builder::Runner::Result late_result(std::size_t k);
  };
  std::shared_ptr<Active> active;
  std::map<std::string, Buffer, std::less<>> buffers;
  std::vector<builder::Bound> pointers;  ///< one per binding, ready to enqueue; null: not bound
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
    std::vector<builder::Bound> pointers;
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
