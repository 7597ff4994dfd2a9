#pragma once
// A network at fixed input shapes, ready to run, also where some shapes are known only when data is. The layers before
// those are one Program, the head. Then come, side by side, the layers whose output has an extent that only their data
// tell (NonZero, NonMaxSuppression, …: the late layers), run by reference; and layers whose shape is the value of a
// small tensor that the head makes (a reshape to computed extents), or whose value decides for one of two branches.
// Those and what follows, the tail, are a Module of their own, compiled when its input shapes and those values are known
// and kept for the next time. It may have a tail again.
// Networks without such layers are one Program and nothing else.

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/base/team.h"
#include "engine/build/compile.h"
#include "engine/graph/operator.h"
#include "engine/program/executor.h"

namespace vireo::builder {

using Shapes = std::map<std::string, Dims>;

struct Bound {
  void* data = nullptr;
  std::size_t bytes = 0;
};

struct CompileSettings {  ///< CompileOptions that own what they refer to
  CompileOptions options;
  std::shared_ptr<const void> keep_alive;
};

/// Immutable but for its cache of tails (locked); shared by contexts.
class Module {
 public:
  /// Throws like specialise and compile.
  Module(const graph::Graph& graph, const Shapes& shapes, CompileSettings settings);

  /// Inputs in network order, then outputs. Outputs that depend on data have kUnknown extents and no bytes; one whose
  /// rank does is told as [kUnknown].
  [[nodiscard]] const std::vector<program::Binding>& bindings() const { return bindings_; }
  [[nodiscard]] const std::shared_ptr<const program::Program>& program() const { return program_; }
  [[nodiscard]] bool has_late_part() const { return late_ != nullptr; }
  [[nodiscard]] std::vector<LayerReport> report() const;

 private:
  friend class Runner;
  struct LateLayer {
    const graph::Operator* op;
    std::string name;
    graph::Attributes attributes;
    std::vector<graph::View> inputs;  ///< data set for constants only
    std::vector<int> sources;         ///< head binding of each input; -1: constant or absent
    DataType dtype;
    Dims bound;
  };
  struct TailInput {
    int head_binding = -1;  ///< -1: made by a late layer
    int late_layer = -1;
    bool by_value = false;  ///< shapes depend on its values, so the tail is compiled for them
  };
  struct Late {
    std::vector<LateLayer> layers;
    std::vector<graph::ConstantPtr> constants;  ///< that the late layers read
    graph::Graph tail;
    std::vector<TailInput> inputs;  ///< of the tail
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
  std::shared_ptr<const Module> tail_for(const Shapes& shapes, std::span<const Bound> inputs) const;

  CompileSettings settings_;
  std::vector<program::Binding> bindings_;
  std::shared_ptr<const program::Program> program_;
  std::unique_ptr<Late> late_;
  std::vector<int> places_;  ///< of each visible binding: binding of the head, or -1 - index of the tail's output
};

/// Runs a module: what an Executor is to a Program. One run at a time.
class Runner {
 public:
  Runner(std::shared_ptr<const Module> module, std::shared_ptr<base::Team> team, bool profile);
  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] const program::Executor& executor() const { return *executor_; }
  /// As program::Executor::observe, of the head and of every tail, one after the other; the late layers' own results are
  /// inputs of a tail. For modules compiled to be observed; their programs live as long as the module.
  void observe(const program::Observer& observer);
  /// One inference. Outputs that depend on data may be unbound; they are in late_result() either way, also where the
  /// buffer that is bound turns out to be too small, which is an error.
  Status run(std::span<const Bound> bindings) noexcept;

  struct Result {
    Dims dims;
    std::shared_ptr<std::byte> data;
    std::size_t bytes = 0;
  };
  /// Of the visible binding k, in the last run, in memory that no later run touches; null data when the binding
  /// doesn't depend on data, or nothing came of that run.
  [[nodiscard]] const Result& late_result(std::size_t k) const { return results_[k]; }

 private:
  Status run_late(std::span<const Bound> bindings);
  void take_results(const Runner& tail, std::vector<std::shared_ptr<std::byte>> made);
  [[nodiscard]] Status copy_results(std::span<const Bound> bindings) const;

  std::shared_ptr<const Module> module_;
  std::shared_ptr<base::Team> team_;
  std::unique_ptr<program::Executor> executor_;
  program::Observer observer_;
  std::vector<void*> pointers_;                       ///< one per head binding
  std::vector<std::shared_ptr<std::byte>> boundary_;  ///< buffers of the head's outputs that only the rest reads
  std::unique_ptr<Runner> tail_;                      ///< of the last run
  std::vector<Result> results_;
};

}  // namespace vireo::builder
