// Ordered tactics of conv_transpose.
#include "engine/ops/conv_transpose/conv_transpose.h"

namespace vireo::ops {
std::span<const graph::Tactic> conv_transpose_tactics() { return {}; }
}  // namespace vireo::ops
