#pragma once
// Random networks over the operator table, each from a seed, with values for their inputs. They are meant to be
// awkward: odd extents, constants at the edges, patterns that passes look for and near misses of them, views of views,
// dead branches, inputs and outputs that are absent. Everything that a graph computes was computed once while it was
// made, so that its references take its values and its numbers stay within the range of float32.

#include <cstdint>
#include <vector>

#include "engine/graph/graph.h"

namespace vireo::graphs_testing {

struct Sample {
  graph::Graph graph;
  std::vector<graph::ConstantPtr> inputs;  ///< one for each input of the network, in order
};

[[nodiscard]] Sample random_graph(std::uint64_t seed);

}  // namespace vireo::graphs_testing
