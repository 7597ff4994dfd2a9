#pragma once
// A network at fixed input shapes, ready to run, also where some shapes are known only when data is: the layers up to
// those (NonZero, NonMaxSuppression, …) are one Program; they themselves run by reference; what follows is compiled
// when its shapes are known, and kept for the next time. Networks without such layers are one Program and nothing else.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
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

  /// Inputs in network order, then outputs. Outputs that depend on data have kUnknown extents and no bytes.
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
    std::vector<int> sources;         ///< head binding for each input; -1: constant or absent
    DataType dtype;
    Dims bound;
    std::string output;
  };
  struct Late {
    std::vector<LateLayer> layers;
    std::vector<graph::ConstantPtr> constants;
    graph::Graph tail;  ///< its inputs: boundary tensors by name, outputs of the late layers
    std::vector<int> head_binding;  ///< for each tail input, -1: late layer
    std::vector<int> late_layer;    ///< for each tail input, -1: head binding
    std::vector<char>
        by_value;  ///< for each tail input: its few integers decide shapes, so the tail is compiled for them
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
  void split(const graph::Graph& graph);
  std::shared_ptr<const Module> tail_for(const Shapes& shapes, std::span<const Bound> inputs) const;

  CompileSettings settings_;
  std::vector<program::Binding> bindings_;
  std::shared_ptr<const program::Program> program_;
  std::unique_ptr<Late> late_;
  std::vector<int> head_output_;  ///< for each visible output: binding of the head, or -1 - index of the tail's output
};

/// Runs a module: what an Executor is to a Program. One run at a time.
class Runner {
 public:
  Runner(std::shared_ptr<const Module> module, std::shared_ptr<base::Team> team, bool profile);
  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] const program::Executor& executor() const { return *executor_; }
  /// One inference. Outputs that depend on data may be unbound; they are in late_result() either way.
  Status run(std::span<const Bound> bindings) noexcept;

  struct Result {
    Dims dims;
    std::shared_ptr<std::byte> data;
    std::size_t bytes = 0;
  };
  /// Of the visible binding k, in the last run; null data when it doesn't depend on data.
  [[nodiscard]] const Result& late_result(std::size_t k) const { return results_[k]; }

 private:
  void run_late(std::span<const Bound> bindings);

  std::shared_ptr<const Module> module_;
  std::shared_ptr<base::Team> team_;
  bool profile_;
  std::unique_ptr<program::Executor> executor_;
  std::vector<void*> pointers_;                       ///< one per head binding
  std::vector<std::shared_ptr<std::byte>> boundary_;  ///< buffers of the head's outputs that the user doesn't see
  std::vector<Result> results_;
};

}  // namespace vireo::builder
