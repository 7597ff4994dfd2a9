#pragma once
// The contract that every kind of device keeps: what the engine needs of one to run programs on it. A device knows no
// operator; it is given launches of its own kind. The CPU is the device that has everything, and whose memory the host
// sees (cpu/cpu_device.h).
//
// Work is put into queues. What is in one queue runs in order; queues run side by side. Queues, memory and executables
// of a device stay valid as long as somebody holds them; they hold the device.
//
// A device may be used from any thread, a queue too; an executable from one at a time.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/api/buffer.h"
#include "engine/api/error.h"
#include "engine/api/trace.h"
#include "engine/device/program.h"
#include "engine/device/target.h"

namespace vireo::device {

class Device;
class ThreadPool;

/// A block of memory of one device.
class Memory {
 public:
  virtual ~Memory() = default;
  [[nodiscard]] virtual MemoryKind kind() const noexcept = 0;
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;
  [[nodiscard]] virtual std::byte* host() const noexcept = 0;  ///< null where the host can't see it
  [[nodiscard]] virtual const std::shared_ptr<Device>& device() const noexcept = 0;
};

/// A place in memory: of a device, or, where `memory` is null, of the host.
struct Region {
  Memory* memory = nullptr;
  std::byte* host = nullptr;  ///< where the host sees it, else null
  std::size_t offset = 0;     ///< in `memory`
};

/// A point in a queue. Any thread.
class Event {
 public:
  virtual ~Event() = default;
  /// Blocks until the point is reached; returns the first error of the work before it since the last synchronisation.
  virtual Status wait() const noexcept = 0;
  [[nodiscard]] virtual bool done() const noexcept = 0;
};

/// Work for the host in the order of a queue. Kept until it has run.
class HostWork {
 public:
  virtual ~HostWork() = default;
  virtual Status run() noexcept = 0;
};

class Executable;

/// Ordered asynchronous work. Calls return at once; what they name must stay valid until it is done. The first error is
/// kept and told by the next synchronize(); the work after it still runs.
class Queue {
 public:
  virtual ~Queue() = default;  ///< waits for what was enqueued
  virtual void run(std::shared_ptr<HostWork> work) = 0;
  virtual void copy(const Region& to, const Region& from, std::size_t bytes) = 0;
  /// One run of the executable, which is of this queue's device, with these regions, one per binding.
  virtual void run(Executable& executable, std::span<const Region> bindings) = 0;
  [[nodiscard]] virtual std::shared_ptr<Event> record() = 0;
  /// Blocks until everything enqueued before the call is done, whatever is enqueued meanwhile; returns the first error
  /// since the last call.
  virtual Status synchronize() noexcept = 0;
  /// From now on the times of the device's own work are kept, where it knows them; work is slower. Before anything is
  /// enqueued. Throws Error.
  virtual void trace() {}
  /// What was kept since the last call; blocks until it is done. Throws Error.
  [[nodiscard]] virtual std::vector<StreamWork> traced() { return {}; }
};

/// A segment made ready on a device: activations, constants, kernels. One run at a time.
class Executable {
 public:
  virtual ~Executable() = default;
  [[nodiscard]] virtual const Segment& segment() const noexcept = 0;
  [[nodiscard]] virtual std::size_t arena_bytes() const noexcept = 0;
  /// Seconds of each step in the last run; empty unless profiling.
  [[nodiscard]] virtual std::span<const double> step_seconds() const noexcept = 0;
  /// Tells of the segment's inputs when a run starts, and of each step's outputs before anything can overwrite them.
  /// For segments compiled to be observed; set while nothing runs. The observer is called by one thread at a time and
  /// must not throw.
  virtual void observe(Observer observer) = 0;
};

struct LoadOptions {
  std::shared_ptr<ThreadPool> pool;  ///< the CPU's workers; as many as the segment wants
  bool profile = false;
  BinaryStore* binaries = nullptr;  ///< borrowed for the call
  Loading loading = {};             ///< empty: nobody wants to know
};

class Device : public std::enable_shared_from_this<Device> {
 public:
  virtual ~Device() = default;
  [[nodiscard]] virtual const Target& target() const noexcept = 0;
  /// Zero-filled; 64-byte aligned where the host sees it. Throws Error(out_of_memory).
  [[nodiscard]] virtual std::shared_ptr<Memory> allocate(std::size_t bytes, MemoryKind kind) = 0;
  [[nodiscard]] virtual std::unique_ptr<Queue> create_queue() = 0;
  /// Throws Error(out_of_memory | unsupported).
  [[nodiscard]] virtual std::unique_ptr<Executable> load(std::shared_ptr<const Segment> segment,
                                                         const LoadOptions& options) = 0;
};

/// One kind of devices, as the registry knows it. Any thread.
class Backend {
 public:
  virtual ~Backend() = default;
  /// What is there; never throws for hardware that is missing or broken: DeviceInfo::note says what is wrong.
  [[nodiscard]] virtual std::vector<DeviceInfo> list() = 0;
  /// Null where the name is none of this backend's. Throws Error where the device can't be used.
  [[nodiscard]] virtual std::shared_ptr<Device> open(const std::string& name) = 0;
};

/// Devices by name. The CPU's backend is always there; others are added by whoever has them. A device is opened once:
/// everybody who opens it while somebody holds it gets the same.
void add_backend(std::shared_ptr<Backend> backend);
void remove_backend(const Backend& backend);
/// "A|B" is B where A can't be used, which is logged. Throws Error(not_found | unsupported) naming the device and what
/// there is.
[[nodiscard]] std::shared_ptr<Device> open(const std::string& name);
/// The CPU first. `probed`: what a device's target says when it is open, where it can be opened.
[[nodiscard]] std::vector<DeviceInfo> list(bool probed = false);
/// The one of this name, as list() has it; asks the backends in turn, and none after the one that knows it.
[[nodiscard]] std::optional<DeviceInfo> find(const std::string& name);

}  // namespace vireo::device
