#pragma once
// A network at fixed input shapes, ready to run, also where some shapes are known only when data is. The layers before
// those are one Program, the head. Then come, side by side, the layers whose output has an extent that only their data
// tell (NonZero, NonMaxSuppression, …: the data-dependent layers), run by reference; and layers whose shape is the
// value of a small tensor that the head makes (a reshape to computed extents), or whose value decides for one of two
// branches; and layers that tell their outputs' extents as they compute them, loops among them (open_layer.h). What
// follows is the rest. Networks without such layers are one Program and nothing else.
//
// A rest in which every layer follows the extents that data tell is compiled together with the module, for capacities,
// and run at whatever extents come (rest_program.h): no pass, no compilation and no allocation in a run. Another one
// (it mixes entries along such an extent, asks for values to take shapes or branches from) is a Module of its own for
// each set of extents and deciding values, which may have a rest again. It is compiled when they are first seen, or
// with the module where there are few that can be (kMostSets), and kept for 32 of them; what was seen runs without
// pass, compilation and allocation. Results are in memory that no later run touches while somebody holds it, and that
// is used again when nobody does. Operators without kernels of their own (gather_elements, roi_align, …) run by
// reference also inside of programs, and references allocate small things.

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
#include "engine/runtime/data_dependent.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/open_layer.h"
#include "engine/runtime/rest_program.h"

namespace vireo::runtime {

using Shapes = std::map<std::string, Dims>;

/// What a binding is bound to: host memory, or, where `memory` is set, a device's.
struct Bound {
  void* data = nullptr;  ///< null where the host can't see it
  std::size_t bytes = 0;
  device::Memory* memory = nullptr;
  [[nodiscard]] device::Region region() const { return {memory, static_cast<std::byte*>(data), 0}; }
};

/// Immutable but for its cache of continuations (locked); shared by contexts.
class Module {
  struct Nested {};

 public:
  /// Throws like specialise and compile.
  Module(const graph::Graph& graph, const Shapes& shapes, CompileSettings settings);
  /// A rest: nothing of its own rest is compiled for single keys before they are seen.
  Module(const graph::Graph& graph, const Shapes& shapes, CompileSettings settings, Nested);

  /// Inputs in network order, then outputs. Outputs that depend on data have kUnknown extents and no bytes; one whose
  /// rank does is told as [kUnknown].
  [[nodiscard]] const std::vector<device::Binding>& bindings() const { return bindings_; }
  [[nodiscard]] const std::shared_ptr<const device::Program>& program() const { return program_; }
  [[nodiscard]] bool has_continuation() const { return continuation_ != nullptr; }
  /// Layers of the rest with the extents of its largest level, or those that were compiled last.
  [[nodiscard]] std::vector<LayerReport> report() const;
  /// Why the rest is compiled for each set of extents; empty where it isn't, or there is none.
  [[nodiscard]] const std::string& compiled_by_extents() const { return by_extents_; }
  /// How often runs have compiled something, rests of rests included.
  [[nodiscard]] std::size_t compilations_in_runs() const;

 private:
  friend class Runner;

  struct ContinuationInput {
    int head_binding = -1;  ///< -1: made by a data-dependent layer
    int data_dependent_layer = -1;
    bool by_value = false;  ///< shapes depend on its values, so the rest is compiled for them
    int open_layer = -1;    ///< made by it, as its output `open_output`
    int open_output = 0;
  };
  /// What a rest is compiled for: the extents of the data-dependent layers' results, ranks and extents of what other
  /// layers tell, the bytes of deciding values.
  struct Key {
    std::vector<std::int64_t> extents;
    std::string values;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Continuation {
    std::vector<DataDependentLayer> layers;
    std::vector<OpenLayer> open;
    graph::Graph rest;
    std::vector<ContinuationInput> inputs;  ///< of the rest
    std::unique_ptr<const RestProgram> program;
    /// Set where open layers tell extents that nothing bounds: what is known of the rest's inputs, kUnknown for those
    /// bounds. Such a rest is compiled for the power of two above the extents that come, where it follows them.
    bool grows = false;
    std::vector<graph::Variation> known;
    std::vector<std::int64_t> bounds;
    struct Grown {
      std::vector<std::int64_t> bounds;
      std::shared_ptr<const RestProgram> program;  ///< null: it doesn't
      std::uint64_t last_use;
    };
    std::vector<Grown> grown;
    std::mutex mutex;
    struct Compiled {
      Key key;
      std::shared_ptr<const Module> module;
      std::uint64_t last_use;
    };
    std::vector<Compiled> compiled;
    std::uint64_t uses = 0;
    std::size_t compilations = 0;  ///< asked for by runs
  };
  class Splitter;
  void compile_ahead();
  [[nodiscard]] std::shared_ptr<const Module> compile_rest(const Key& key) const;
  /// The rest for a key, compiled when it is new.
  std::shared_ptr<const Module> continuation_for(const Key& key) const;
  /// The rest for extents up to these bounds; null where it doesn't follow them.
  std::shared_ptr<const RestProgram> program_for(const std::vector<std::int64_t>& bounds) const;

  CompileSettings settings_;
  std::vector<device::Binding> bindings_;
  std::shared_ptr<const device::Program> program_;
  std::unique_ptr<Continuation> continuation_;
  std::string by_extents_;
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
  /// Every layer of the last run, the rest's included; empty unless profiling.
  [[nodiscard]] std::vector<LayerTime> times() const;
  /// What programs calculate in, the rests' included.
  [[nodiscard]] std::uint64_t memory_bytes() const;

 private:
  /// A rest that was compiled for a key, and what its results are in.
  struct Rest {
    std::shared_ptr<const Module> module;
    std::unique_ptr<Runner> runner;
    std::vector<Bound> bound;
    std::vector<Recycled> outputs;
    std::vector<std::shared_ptr<std::byte>> made;
    std::uint64_t last_use = 0;
    [[nodiscard]] std::uint64_t memory_bytes() const { return runner->memory_bytes(); }
  };
  Status run_continuation(std::span<const Bound> bindings);
  Status bring_to_host();
  Status run_layers();
  [[nodiscard]] const OpenResult& result_of(const Module::ContinuationInput& input) const;
  [[nodiscard]] bool run_program();
  [[nodiscard]] bool run_grown();
  [[nodiscard]] bool run_program(RestRunner& rest, std::span<Recycled> room);
  Status run_rest();
  Rest& rest_for(const std::shared_ptr<const Module>& module);
  void set_result(std::size_t k, const Dims& dims, std::shared_ptr<std::byte> data, std::size_t bytes);
  [[nodiscard]] Status copy_results(std::span<const Bound> bindings) const;
  void let_go();

  std::shared_ptr<const Module> module_;
  std::shared_ptr<device::ThreadPool> pool_;
  std::unique_ptr<device::Session> session_;
  bool profile_;
  device::Observer observer_;
  std::vector<device::Region> regions_;               ///< one per head binding
  std::vector<std::shared_ptr<std::byte>> boundary_;  ///< buffers of the head's outputs that only the rest reads
  std::vector<LayerRun> layers_;
  std::vector<OpenRun> open_;
  std::unique_ptr<RestRunner> rest_;  ///< of a rest that follows its extents
  /// The same, of one whose extents nothing bounds, up to these.
  struct Grown {
    std::vector<std::int64_t> bounds;
    std::shared_ptr<const RestProgram> program;
    std::unique_ptr<RestRunner> runner;
    std::vector<Recycled> room;  ///< for inputs, which it fills up
    std::uint64_t last_use = 0;
    [[nodiscard]] std::uint64_t memory_bytes() const { return runner ? runner->arena_bytes() : 0; }
  };
  std::vector<std::unique_ptr<Grown>> grown_;
  const Grown* last_grown_ = nullptr;
  std::vector<std::int64_t> grown_bounds_;
  Module::Key key_;  ///< of the last run
  std::vector<std::unique_ptr<Rest>> rests_;
  const Rest* last_rest_ = nullptr;  ///< null where `rest_` ran
  std::uint64_t uses_ = 0;
  std::vector<Result> results_;
};

}  // namespace vireo::runtime
