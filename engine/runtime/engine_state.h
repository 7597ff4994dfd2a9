#pragma once
// What Engine, Context and Stream hold. Engine: immutable but for its cache of programs by shape (locked). Context: one
// thread at a time. Stream: a queue of the engine's device.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/api/engine.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/device/device.h"
#include "engine/plan/plan_state.h"
#include "engine/runtime/module.h"

namespace vireo {

struct Engine::State {
  Plan plan;
  std::shared_ptr<device::Device> device;
  const plan::Section* section = nullptr;  ///< of the plan: the device's, or the untuned one
  graph::Graph graph;                      ///< the plan's, in the section's formats
  int threads = 1;
  Limits limits;
  device::Loading loading;
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
  /// it runs and by whoever reads what a run leaves in it (results that depend on data, times of steps).
  struct Active {
    std::unique_ptr<runtime::Runner> runner;
    std::mutex running;
    /// Of a run that a device's own queue was given: that queue, and the point after it.
    const device::Queue* queue = nullptr;
    std::shared_ptr<device::Event> event;

    /// Until what was put into a device's own queue is done; does nothing where the CPU runs it all.
    void wait() const noexcept;
    /// Of binding k, in the run that ended last; waits for one in flight.
    runtime::Runner::Result data_dependent_result(std::size_t k);
  };
  /// One inference in a queue of the CPU's.
  struct Job final : device::HostWork {
    std::shared_ptr<Active> active;
    std::vector<runtime::Bound> pointers;
    std::vector<Buffer> held;
    std::atomic<bool> busy{false};
    Status run() noexcept override;
  };
  std::shared_ptr<Active> active;
  std::map<std::string, Buffer, std::less<>> buffers;
  std::vector<runtime::Bound> pointers;  ///< one per binding, ready to enqueue; null: not bound
  std::vector<Buffer> held;
  std::vector<std::shared_ptr<Job>> jobs;  ///< those that are not busy are used again
  /// One in a device's own queue: what it uses, until the event says that it is done.
  struct InFlight {
    std::shared_ptr<device::Event> event;
    std::shared_ptr<Active> active;
    std::vector<Buffer> held;
  };
  std::deque<InFlight> in_flight;

  ~State();

  /// Compiles for the current shapes when needed. Throws Error.
  Active& ready();
  void collect_pointers();
  [[nodiscard]] Status check_bound() const noexcept;
  [[nodiscard]] std::shared_ptr<Job> next_job();
};

struct Event::State {
  std::shared_ptr<device::Event> event;
};

struct Stream::State {
  std::unique_ptr<device::Queue> queue;
};

}  // namespace vireo
