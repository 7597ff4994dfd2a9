#pragma once
// Weights of a network that nobody else holds, out of memory while a plan is made of them.

#include "engine/graph/graph.h"

namespace vireo::tune {

/// Moves the constants into a nameless file of /var/tmp, mapped: from now on they take memory only while they are
/// packed or saved. Does nothing for small networks, and says so in the log when there is no room.
void spill_weights(graph::Graph& graph);

}  // namespace vireo::tune
