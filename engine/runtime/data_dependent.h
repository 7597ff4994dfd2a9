#pragma once
// A layer whose output has an extent that only its data tell, run by its operator's own evaluation (or a concatenation
// along such an extent, which is a few copies), and the memory that results are in. Layers are immutable; a LayerRun
// and a Recycled belong to one runner.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "engine/graph/operator.h"

namespace vireo::runtime {

struct DataDependentLayer {
  const graph::Operator* op;
  std::string name;
  graph::Attributes attributes;
  std::vector<graph::View> inputs;  ///< largest extents; data set for constants only
  std::vector<int> sources;         ///< where each input is found, by the owner's numbers; -1: constant or absent
  DataType dtype;
  Dims bound;
  std::vector<graph::ConstantPtr> constants;  ///< that `inputs` points into
  std::optional<std::size_t> joins = {};      ///< a concatenation along this axis

  /// The axis of the output that a run tells.
  [[nodiscard]] std::size_t axis() const;
};

/// The layer without its sources.
[[nodiscard]] DataDependentLayer data_dependent_layer(const graph::Graph& graph, graph::LayerId id, Dims bound);
[[nodiscard]] LayerReport report_of(const DataDependentLayer& layer);

/// Memory of results: a block that somebody outside still holds is left alone, others are used again.
class Recycled {
 public:
  /// A block of at least so many bytes that nobody else holds. Allocates where there is none.
  std::shared_ptr<std::byte> take(std::size_t bytes);

 private:
  struct Block {
    std::shared_ptr<std::byte> data;
    std::size_t bytes;
  };
  std::vector<Block> blocks_;
};

/// Runs a layer, again and again without allocating where its operator can (Operator::evaluate_data_dependent).
class LayerRun {
 public:
  LayerRun(const DataDependentLayer& layer, bool timed);
  [[nodiscard]] const DataDependentLayer& layer() const { return *layer_; }
  /// The true extents of an input and where it is, before run().
  void input(std::size_t k, const void* data);
  [[nodiscard]] Dims& input_dims(std::size_t k) { return inputs_[k].dims; }
  /// Throws what the operator throws.
  void run();
  /// Of the last run. Other shared_ptrs to the data keep it from being used again.
  [[nodiscard]] const Dims& dims() const { return outputs_[0].dims; }
  [[nodiscard]] std::size_t bytes() const { return byte_count(layer_->dtype, dims()); }
  [[nodiscard]] const std::shared_ptr<std::byte>& data() const { return data_; }
  void let_go() { data_.reset(); }
  [[nodiscard]] LayerTime time() const;

 private:
  const DataDependentLayer* layer_;
  std::vector<graph::View> inputs_, outputs_;
  std::shared_ptr<std::byte> data_, scratch_;
  Recycled memory_;
  std::size_t bound_bytes_;
  bool timed_;
  double seconds_ = 0;
};

/// Where an empty tensor is that has no memory: it is present all the same.
[[nodiscard]] void* somewhere(void* data);

}  // namespace vireo::runtime
