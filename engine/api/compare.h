#pragma once
// Compares the engine with the imported network, layer by layer: whether it computes what the model says, and if not,
// which layer departs from it, and by how much.

#include <map>
#include <string>
#include <vector>

#include "engine/api/buffer.h"
#include "engine/api/builder.h"
#include "engine/api/export.h"

namespace vireo {

/// One tensor that the engine wrote in a run.
struct LayerError {
  std::string layer, op, tactic, output;
  /// ‖engine − reference‖ / ‖reference‖, the reference being the imported network, node by node: errors of the layers
  /// before are included. Negative where the rewritten network has a tensor that the imported one has not.
  double relative_l2 = -1;
  /// The same against the layer's own reference on what the engine fed the layer: the kernel's error alone. Negative
  /// where the layer has no inputs of its own to be run on.
  double own_l2 = -1;
  double max_abs = 0;           ///< largest difference, against the imported network where that is known
  std::int64_t not_finite = 0;  ///< NaN or Inf where the reference has numbers
};

/// Builds the network as build() does and runs the very program that an engine would run at these shapes, with its
/// formats, views and groups, and the parts that are compiled when the data are known. One row for each step in order
/// (the layers of a group are one), then one for each output of the network (rows with op "network output"). `inputs`
/// by name; absent float inputs are random, others zero. Slow: references are obvious loops. Throws like build(), and
/// Error(invalid_argument) when an input is too short.
[[nodiscard]] VIREO_API std::vector<LayerError> compare(const Network& network, const BuildOptions& options,
                                                        const std::map<std::string, Dims>& shapes,
                                                        const std::map<std::string, Buffer>& inputs = {});

}  // namespace vireo
