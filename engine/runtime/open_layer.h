#pragma once
// A layer whose outputs get their extents, of whatever rank, as they are computed: run on the host between the parts of
// a network that are compiled. Sequences and their like by their operator's own evaluation (Operator::evaluate_open),
// loops by their compiled bodies (loop.h). Layers are immutable; an OpenRun belongs to one runner.

#include <memory>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/graph/operator.h"
#include "engine/runtime/data_dependent.h"

namespace vireo::runtime {

class LoopProgram;
class LoopRun;
struct CompileSettings;

struct OpenLayer {
  const graph::Operator* op;
  std::string name, what;  ///< what: for errors
  graph::Attributes attributes;
  std::vector<graph::View> inputs;  ///< data set for constants only
  std::vector<int> sources;         ///< where each input is found, by the owner's numbers; -1: constant or absent
  std::vector<graph::TensorType> outputs;     ///< extents as far as they are known
  std::vector<graph::ConstantPtr> constants;  ///< that `inputs` points into; null for other inputs
  std::shared_ptr<const LoopProgram> loop;    ///< null where the operator evaluates it
  Limits limits;
};

/// The layer without its sources. What of a loop's body is known is compiled. Throws Error.
[[nodiscard]] OpenLayer open_layer(const graph::Graph& graph, graph::LayerId id, const CompileSettings& settings);
void report_of(const OpenLayer& layer, std::vector<LayerReport>& rows);

/// An output of a run, in memory that no later run touches while somebody holds it.
struct OpenResult {
  Dims dims;
  std::shared_ptr<std::byte> data;
  std::size_t bytes = 0;
};

class OpenRun {
 public:
  OpenRun(const OpenLayer& layer, std::shared_ptr<device::ThreadPool> pool, bool timed);
  OpenRun(OpenRun&&) noexcept;
  OpenRun& operator=(OpenRun&&) = delete;
  ~OpenRun();
  [[nodiscard]] const OpenLayer& layer() const { return *layer_; }
  /// Where an input is, before run().
  void input(std::size_t k, const void* data);
  /// Its true extents there, where they were not known.
  [[nodiscard]] Dims& input_dims(std::size_t k) { return inputs_[k].dims; }
  /// Throws what the operator throws.
  Status run();
  [[nodiscard]] const OpenResult& result(std::size_t k) const { return results_[k]; }
  void let_go();
  [[nodiscard]] LayerTime time() const;
  /// What programs calculate in.
  [[nodiscard]] std::uint64_t memory_bytes() const;

 private:
  void evaluate();
  void check_results() const;

  const OpenLayer* layer_;
  std::vector<graph::View> inputs_;
  std::vector<OpenResult> results_;
  std::vector<Recycled> memory_;  ///< by output
  std::unique_ptr<LoopRun> loop_;
  bool timed_;
  double seconds_ = 0;
};

}  // namespace vireo::runtime
