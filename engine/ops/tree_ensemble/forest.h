#pragma once
// A forest as its operator's inputs say it (op.cpp), checked: every index is inside and no node comes after itself.
// What reference and kernels share. Immutable; any thread.

#include <array>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

enum class TreeMode : std::uint8_t { less_equal, less, greater_equal, greater, equal, not_equal, member, leaf };
enum class TreeAggregate : std::uint8_t { sum, average, min, max };

struct TreeNode {
  TreeMode mode = TreeMode::leaf;
  bool missing = false;  ///< NaN counts as true
  std::int64_t feature = 0;
  double threshold = 0;
  std::int64_t holds = 0, fails = 0;  ///< next nodes; of a leaf, its first entry and how many it has
};

struct Forest {
  std::vector<TreeNode> nodes;
  std::vector<std::int64_t> roots, targets;
  std::vector<double> weights, sets;
  TreeAggregate aggregate = TreeAggregate::sum;
  std::int64_t features = 0, target_count = 0;

  /// Whether the comparison of an inner node holds.
  [[nodiscard]] bool holds(const TreeNode& node, double value) const;
  /// What a leaf's weight makes of the sum, or whatever it is, so far: NaN before the first.
  [[nodiscard]] double combine(double so_far, double weight) const;
  [[nodiscard]] double finish(double value) const;
};

/// `inputs` are those of the layer, of which the first isn't read. Throws Error(invalid_model) naming the node.
[[nodiscard]] Forest read_forest(const Attributes& attributes, std::span<const View> inputs);

}  // namespace vireo::ops
