#pragma once
// The formats of a network as a labelling problem: each node (a layer, or one side of it) has one of a few labels, the
// formats by index, and costs the seconds of its kernel in it; a tensor is reformatted once for each format that some
// reader wants and its writer doesn't give. The labels that cost least in all come, where there are two, from one
// minimum cut, whatever the graph looks like (on a chain they are those of dynamic programming). With more, cuts
// improve labels until none does: every two labels alone, then expansion moves, in which each node may take one label
// instead of its own. Where such a move is no cut (what a writer saves by moving depends on what a reader keeps), the
// dearer of the two costs stands for both, then the cheaper; what it gives counts only if it is cheaper in truth. Pure
// functions; any thread.

#include <cstddef>
#include <vector>

namespace vireo::tune {

/// A cost that no answer has if there is another.
inline constexpr double kCannot = 1e30;

struct FormatNode {
  std::vector<double> seconds{0, 0};  ///< by label; kCannot: it can't have it
  int fixed = -1;                     ///< the only label it can have; -1: any
};

struct FormatTensor {
  int writer = 0;                ///< node
  std::vector<int> readers;      ///< nodes
  std::vector<double> reformat;  ///< seconds [from * labels + to]; not negative; from one to itself is 0
};

struct FormatNet {
  int labels = 2;
  std::vector<FormatNode> nodes;
  std::vector<FormatTensor> tensors;

  [[nodiscard]] double reformat(const FormatTensor& t, int from, int to) const {
    return t.reformat[static_cast<std::size_t>(from * labels + to)];
  }
};

/// The cheapest labels of two, and of equally good ones those with the most nodes of label 1. Of more, cheap ones:
/// never dearer than the best that use only two labels (where every node can have both or is fixed to one).
[[nodiscard]] std::vector<char> cheapest_labels(const FormatNet& net);
/// What labels cost in all.
[[nodiscard]] double seconds_of(const FormatNet& net, const std::vector<char>& labels);
/// The reformats alone, of the tensors that the node reads or writes.
[[nodiscard]] double reformats_at(const FormatNet& net, const std::vector<char>& labels, int node);

}  // namespace vireo::tune
