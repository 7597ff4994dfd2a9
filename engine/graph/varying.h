#pragma once
// Extents that only the data of a run tell, and what a layer does with them. Such extents are numbered from 1. A layer
// follows them when the part of its output that lies within the true extents is made of those parts of its inputs
// alone, and stands at the same indices whatever else there is behind them: then it can be computed for larger extents
// and cut (engine/runtime/rest_program.h). What is behind them in inputs is copies of true entries, where there are any.
// Operator::varying says whether a layer does, axis by axis. Works on one graph from one thread.

#include <optional>
#include <span>
#include <vector>

#include "engine/graph/graph.h"

namespace vireo::graph {

/// An element of a small tensor of integers: a number or, where `varying` is not 0, the extent of that number.
struct Count {
  std::int64_t number = 0;
  int varying = 0;
  friend bool operator==(const Count&, const Count&) = default;
};

/// What is known of a tensor.
struct Variation {
  std::vector<int> axes;      ///< for each axis 0, or the number of the extent that it has
  std::vector<Count> counts;  ///< its elements where some of them are extents; empty otherwise
  bool positions = false;     ///< counted from the front: none of its integers is negative
  bool copies = true;         ///< whatever stands behind the true entries is a copy of one of them
  [[nodiscard]] bool varies() const;
  [[nodiscard]] bool plain() const { return !varies() && counts.empty(); }
};

/// What a layer's rule sees, and where it puts its answer. Types and extents have been inferred as far as the shape
/// rule gets; extents that vary are kUnknown there.
class VaryingContext {
 public:
  /// `known`: by tensor of the graph.
  VaryingContext(const Graph& graph, LayerId layer, std::span<const Variation> known);
  [[nodiscard]] const Attributes& attributes() const { return layer_.attributes; }
  [[nodiscard]] int input_count() const { return static_cast<int>(layer_.inputs.size()); }
  [[nodiscard]] int output_count() const { return static_cast<int>(layer_.outputs.size()); }
  [[nodiscard]] bool has_input(int index) const;
  [[nodiscard]] const Dims& dims(int index) const { return input(index).dims; }
  [[nodiscard]] std::size_t rank(int index) const { return dims(index).size(); }
  [[nodiscard]] DataType output_type() const { return graph_.tensor(layer_.outputs[0]).dtype; }
  [[nodiscard]] std::size_t output_rank(int index) const;
  /// [-rank, rank) → [0, rank); what the shape rule accepted is in range.
  [[nodiscard]] static std::size_t wrap(std::int64_t axis, std::size_t rank) {
    return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
  }

  [[nodiscard]] const std::vector<int>& axes(int index) const { return variation(index).axes; }
  [[nodiscard]] bool varies(int index) const { return has_input(index) && variation(index).varies(); }
  [[nodiscard]] bool positions(int index) const { return variation(index).positions; }
  [[nodiscard]] bool copies(int index) const { return variation(index).copies; }
  [[nodiscard]] bool has_counts(int index) const { return has_input(index) && !variation(index).counts.empty(); }
  /// The value of an input that is known before any run.
  [[nodiscard]] bool integers(int index, std::vector<std::int64_t>& values) const;
  /// The same, also where some of its elements are extents. A rule that doesn't ask has no use for them: the layer
  /// reads them as data, which can't be had without a run.
  [[nodiscard]] bool counts(int index, std::vector<Count>& values);

  void output(int index, std::vector<int> axes, bool positions = false);
  /// What stands behind the true entries of the output is no copy of them (the others are copies where all inputs are).
  void output_no_copies(int index) { results_[static_cast<std::size_t>(index)].variation.copies = false; }
  /// The layer may see copies of entries along this extent, but needs one entry at least.
  void needs_entries(int number) { needed_.push_back(number); }
  [[nodiscard]] const std::vector<int>& needed() const { return needed_; }
  /// Where the shape rule couldn't know the extents: kUnknown for those that vary.
  void output_dims(int index, Dims dims);
  void output_counts(int index, std::vector<Count> values);
  /// Output 0 is the inputs one behind the other along an axis that varies in some of them: a new extent, their sum.
  void joins(std::size_t axis) { joined_ = axis; }
  [[nodiscard]] const std::optional<std::size_t>& joined() const { return joined_; }

  struct Result {
    Variation variation;
    std::optional<Dims> dims;
  };
  [[nodiscard]] const std::vector<Result>& results() const { return results_; }
  [[nodiscard]] bool all_counts_read() const;

 private:
  [[nodiscard]] const Tensor& input(int index) const {
    return graph_.tensor(layer_.inputs[static_cast<std::size_t>(index)]);
  }
  [[nodiscard]] const Variation& variation(int index) const {
    return known_[static_cast<std::size_t>(layer_.inputs[static_cast<std::size_t>(index)])];
  }

  const Graph& graph_;
  const Layer& layer_;
  std::span<const Variation> known_;
  std::vector<char> read_;  ///< by input: whether its counts were asked for
  std::vector<Result> results_;
  std::optional<std::size_t> joined_;
  std::vector<int> needed_;
};

}  // namespace vireo::graph
