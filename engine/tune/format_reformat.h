#pragma once
// What stands between two formats of a tensor: a transpose, a cast (or quantisation), or both one after the other. For
// format_model.cpp alone; one thread.

#include "engine/graph/graph.h"
#include "engine/passes/sink.h"
#include "engine/tune/format_model.h"

namespace vireo::tune {

/// What stands after a channels-last layer: the last axis moves to index 1.
[[nodiscard]] passes::Perm from_last(std::size_t rank);
/// Extents with channels first as they are with channels last.
[[nodiscard]] Dims last_dims(const Dims& dims);
[[nodiscard]] graph::Desc dense(DataType dtype, Dims dims);

/// A tensor's type in a format: only float32 is anybody's choice.
[[nodiscard]] inline DataType type_in(const graph::Tensor& tensor, const graph::Format& format) {
  return tensor.dtype == DataType::float32 ? format.dtype : tensor.dtype;
}

class Reformats {
 public:
  /// Borrows both.
  Reformats(const graph::Graph& graph, const FormatSpace& space) : graph_(graph), space_(space) {}
  /// Whether the tensor can be in the format: an int8 needs its scale.
  [[nodiscard]] bool can_be(graph::TensorId id, const graph::Format& format) const;
  /// Problems that lack their workers, keys and seconds.
  [[nodiscard]] Reformat between(graph::TensorId id, const graph::Format& from, const graph::Format& to) const;

 private:
  /// Of an int8; 0 where nobody knows.
  [[nodiscard]] double scale_of(graph::TensorId id, const graph::Format& format) const;

  const graph::Graph& graph_;
  const FormatSpace& space_;
};

}  // namespace vireo::tune
