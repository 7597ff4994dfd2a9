// Tactics of image_conv.
#include "engine/ops/image_conv/image_conv.h"

namespace vireo::ops {
namespace {

const graph::Tactic kTactics[] = {
    {.name = "image_conv_part_opencl",
     .refuse = refuse_image_conv_part,
     .prepare = prepare_image_conv_part,
     .device = "opencl"},
};

}  // namespace

std::span<const graph::Tactic> image_conv_tactics() { return kTactics; }

}  // namespace vireo::ops
