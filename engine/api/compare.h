#pragma once
// Layer by layer against the reference: which kernel departs from the specification, and by how much.

#include <map>
#include <string>
#include <vector>

#include "engine/api/buffer.h"
#include "engine/api/builder.h"

namespace vireo {

struct LayerError {
  std::string layer, op, tactic, output;
  double relative_l2 = 0;  ///< ‖kernel − reference‖ / ‖reference‖, both fed the reference's inputs
  double max_abs = 0;
  std::int64_t not_finite = 0;  ///< NaN or Inf where the reference has numbers
};

/// Runs every layer of the optimised network by its chosen kernel and by the reference on the same inputs, then the
/// whole unoptimised network by references against the optimised one (rows with op "network output", in which errors
/// add up). `inputs` by name; absent float inputs are random. Slow: references are obvious loops.
[[nodiscard]] std::vector<LayerError> compare(const Network& network, const BuildOptions& options,
                                              const std::map<std::string, Dims>& shapes,
                                              const std::map<std::string, Buffer>& inputs = {});

}  // namespace vireo
