#pragma once
// The layouts of a network as a labelling problem: each node (a layer, or one side of it) is in layout 0, channels
// first, or 1, channels last; it costs the seconds of its kernel there, and a tensor whose writer and some reader
// disagree costs one reorder. The labels that cost least in all come from one minimum cut, whatever the graph looks
// like; on a chain they are those of dynamic programming. Pure functions; any thread.

#include <vector>

namespace vireo::tune {

struct FormatNode {
  double seconds[2] = {0, 0};  ///< by layout
  int fixed = -1;              ///< the only layout it can have; -1: either
};

struct FormatTensor {
  int writer = 0;                    ///< node
  std::vector<int> readers;          ///< nodes
  double to_last = 0, to_first = 0;  ///< seconds of the reorder, by direction; paid once, however many readers want it
};

struct FormatNet {
  std::vector<FormatNode> nodes;
  std::vector<FormatTensor> tensors;
};

/// The cheapest labels; of equally good ones, those with the most channels last.
[[nodiscard]] std::vector<char> cheapest_labels(const FormatNet& net);
/// What labels cost in all.
[[nodiscard]] double seconds_of(const FormatNet& net, const std::vector<char>& labels);
/// The reorders alone, of the tensors that the node reads or writes.
[[nodiscard]] double reorders_at(const FormatNet& net, const std::vector<char>& labels, int node);

}  // namespace vireo::tune
