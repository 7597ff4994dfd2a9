#pragma once
// A network at fixed input shapes, ready to run, also where some shapes are known only when data is. The layers before
// those are one Program, the head. Then come, side by side, the layers whose output has an extent that only their data
// tell (NonZero, NonMaxSuppression, …: the data-dependent layers), run by reference; and layers whose shape is the
// value of a small tensor that the head makes (a reshape to computed extents), or whose value decides for one of two
// branches. Those and what follows, the rest, are a Module of their own, compiled when its input shapes and those
// values are known and kept for the next time. It may have a rest again. Networks without such layers are one Program
// and nothing else.

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compile.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/device/session.h"
#include "engine/graph/operator.h"

namespace vireo::runtime {

using Shapes = std::map<std::string, Dims>;

/// What a binding is bound to: host memory, or, where `memory` is set, a device's.
struct Bound {
  void* data = nullptr;  ///< null where the host can't see it
  std::size_t bytes = 0;
  device::Memory* memory = nullptr;
  [[nodiscard]] device::Region region() const { return {memory, static_cast<std::byte*>(data), 0}; }
};

struct CompileSettings {  ///< CompileOptions that own what they refer to
  compile::CompileOptions options;
  std::shared_ptr<const void> keep_alive;
};

/// Immutable but for its cache of continuations (locked); shared by contexts.
class Module {
 public:
  /// Throws like specialise and compile.
  Module(const graph::Graph& graph, const Shapes& shapes, CompileSettings settings);

  /// Inputs in network order, then outputs. Outputs that depend on data have kUnknown extents and no bytes; one whose
  /// rank does is told as [kUnknown].
  [[nodiscard]] const std::vector<device::Binding>& bindings() const { return bindings_; }
  [[nodiscard]] const std::shared_ptr<const device::Program>& program() const { return program_; }
  [[nodiscard]] bool has_continuation() const { return continuation_ != nullptr; }
  [[nodiscard]] std::vector<LayerReport> report() const;

 private:
  friend class Runner;
  struct DataDependentLayer {
    const graph::Operator* op;
    std::string name;
    graph::Attributes attributes;
    std::vector<graph::View> inputs;  ///< data set for constants only
    std::vector<int> sources;         ///< head binding of each input; -1: constant or absent
    DataType dtype;
    Dims bound;
  };
  struct ContinuationInput {
    int head_binding = -1;  ///< -1: made by a data-dependent layer
    int data_dependent_layer = -1;
    bool by_value = false;  ///< shapes depend on its values, so the rest is compiled for them
  };
  struct Continuation {
    std::vector<DataDependentLayer> layers;
    std::vector<graph::ConstantPtr> constants;  ///< that the data-dependent layers read
    graph::Graph rest;
    std::vector<ContinuationInput> inputs;  ///< of the rest
    std::mutex mutex;
    struct Compiled {
      Shapes shapes;
      std::string values;
      std::shared_ptr<const Module> module;
      std::uint64_t last_use;
    };
    std::vector<Compiled> compiled;
    std::uint64_t uses = 0;
  };
  class Splitter;
  std::shared_ptr<const Module> continuation_for(const Shapes& shapes, std::span<const Bound> inputs) const;

  CompileSettings settings_;
  std::vector<device::Binding> bindings_;
  std::shared_ptr<const device::Program> program_;
  std::unique_ptr<Continuation> continuation_;
  std::vector<int> places_;  ///< of each visible binding: binding of the head, or -1 - index of the rest's output
};

/// Runs a module: what an Executor is to a Program. One run at a time.
class Runner {
 public:
  Runner(std::shared_ptr<const Module> module, std::shared_ptr<device::ThreadPool> pool, bool profile);
  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] const device::Session& session() const { return *session_; }
  /// As device::Executable::observe, of the head and of every rest, one after the other; the data-dependent layers' own
  /// results are inputs of a rest. For modules compiled to be observed; their programs live as long as the module.
  void observe(const device::Observer& observer);
  /// One inference. Outputs that depend on data may be unbound; they are in data_dependent_result() either way, also
  /// where the buffer that is bound turns out to be too small, which is an error.
  Status run(std::span<const Bound> bindings) noexcept;
  /// Whether enqueue() returns at once: another device than the CPU runs the module, and no shape depends on data.
  [[nodiscard]] bool has_queues() const noexcept { return session_->has_queues() && !module_->has_continuation(); }
  /// Puts one inference into a queue of the module's device.
  void enqueue(device::Queue& queue, std::span<const Bound> bindings);

  struct Result {
    Dims dims;
    std::shared_ptr<std::byte> data;
    std::size_t bytes = 0;
  };
  /// Of the visible binding k, in the last run, in memory that no later run touches; null data when the binding
  /// doesn't depend on data, or nothing came of that run.
  [[nodiscard]] const Result& data_dependent_result(std::size_t k) const { return results_[k]; }

 private:
  Status run_continuation(std::span<const Bound> bindings);
  void take_results(const Runner& rest, std::vector<std::shared_ptr<std::byte>> made);
  [[nodiscard]] Status copy_results(std::span<const Bound> bindings) const;

  std::shared_ptr<const Module> module_;
  std::shared_ptr<device::ThreadPool> pool_;
  std::unique_ptr<device::Session> session_;
  device::Observer observer_;
  std::vector<device::Region> regions_;               ///< one per head binding
  std::vector<std::shared_ptr<std::byte>> boundary_;  ///< buffers of the head's outputs that only the rest reads
  std::unique_ptr<Runner> rest_;                      ///< of the last run
  std::vector<Result> results_;
};

}  // namespace vireo::runtime
