// Ordered tactics of conv.
#include "engine/ops/conv/conv.h"

namespace vireo::ops {
std::span<const graph::Tactic> conv_tactics() { return {}; }
}  // namespace vireo::ops
