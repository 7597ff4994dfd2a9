#pragma once
// Loops: the body is a module of its own (module.h), compiled once for each set of extents that its inputs come with
// and run iteration by iteration on the workers of the network around it. What is carried lies in two buffers in turn,
// or in the data-dependent results of the iteration before; what is stacked in a buffer that grows, as large from the
// start as it was at the end of the run before, or as the number of iterations says where nothing but that ends the
// loop. Once extents have been seen, an iteration compiles and allocates nothing. The extents of the first iteration
// are compiled ahead where they are known. A LoopProgram is immutable but for its cache (locked) and shared by
// contexts; a LoopRun belongs to one of them. Limits::max_iterations and max_tensor_bytes bound a run.

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compile.h"
#include "engine/graph/operator.h"
#include "engine/runtime/open_layer.h"

namespace vireo::runtime {

class Module;
class Runner;
struct Bound;

struct CompileSettings {  ///< CompileOptions that own what they refer to
  compile::CompileOptions options;
  std::shared_ptr<const void> keep_alive;
};

class LoopProgram {
 public:
  /// Of a layer whose inputs have known extents.
  [[nodiscard]] static std::shared_ptr<const LoopProgram> make(const OpenLayer& layer, const CompileSettings& settings);
  LoopProgram(graph::LoopBody body, CompileSettings settings);

  [[nodiscard]] const graph::LoopBody& body() const { return body_; }
  /// The body at these extents of its inputs, compiled when they are new. Throws Error.
  [[nodiscard]] std::shared_ptr<const Module> module_for(const std::vector<Dims>& dims, bool in_run) const;
  /// Layers of the body as it was compiled last.
  void report(std::vector<LayerReport>& rows) const;
  /// How often runs have compiled something, the body's own rests included.
  [[nodiscard]] std::size_t compilations_in_runs() const;

 private:
  struct Compiled {
    std::vector<Dims> dims;
    std::shared_ptr<const Module> module;
    std::uint64_t last_use;
  };
  [[nodiscard]] std::shared_ptr<const Module> compile(const std::vector<Dims>& dims) const;

  graph::LoopBody body_;
  CompileSettings settings_;
  mutable std::mutex mutex_;
  mutable std::vector<Compiled> compiled_;
  mutable std::uint64_t uses_ = 0;
  mutable std::size_t compilations_ = 0;
};

class LoopRun {
 public:
  LoopRun(const OpenLayer& layer, std::shared_ptr<device::ThreadPool> pool);
  LoopRun(const LoopRun&) = delete;
  LoopRun& operator=(const LoopRun&) = delete;
  ~LoopRun();
  /// `inputs`: the layer's. Throws Error.
  Status run(std::span<const graph::View> inputs, std::vector<OpenResult>& results);
  [[nodiscard]] std::uint64_t memory_bytes() const;

 private:
  /// An input of the body, or one of its results.
  struct Value {
    Dims dims;
    const std::byte* data = nullptr;
    std::shared_ptr<std::byte> owner;  ///< null: the network's own memory
  };
  struct Stack {
    std::string what;  ///< for errors
    Dims dims;  ///< of what it holds
    std::shared_ptr<std::byte> data;
    std::size_t entry_bytes = 0, capacity = 0;  ///< in entries
    std::int64_t reserve = 0;                   ///< entries that a run ended with
    Recycled memory;
  };
  struct Instance;
  [[nodiscard]] Instance& instance();
  Status step(Instance& at);
  void hand_on();
  void append(std::size_t k, const Value& entry);
  void grow(std::size_t k, std::int64_t entries);
  void finish(std::vector<OpenResult>& results);

  const OpenLayer& layer_;
  const LoopProgram& program_;
  std::shared_ptr<device::ThreadPool> pool_;
  std::vector<std::unique_ptr<Instance>> instances_;
  Instance* last_ = nullptr;
  std::uint64_t uses_ = 0;
  alignas(64) std::int64_t number_ = 0;
  alignas(64) std::uint8_t holds_ = 0;
  std::int64_t trips_ = 0;
  std::vector<Value> values_;  ///< inputs of the body
  std::vector<Value> made_;    ///< outputs of the body's graph
  std::vector<Value> next_;    ///< what is carried to the next iteration
  std::vector<Recycled> memory_, copies_;
  std::vector<Stack> stacks_;
};

}  // namespace vireo::runtime
