#include "engine/ops/image_conv/image_conv.h"

namespace vireo::ops {
namespace {

using graph::Tactic;

constexpr Tactic kTactics[] = {{.name = "image_conv_part_opencl",
                                .refuse = refuse_image_conv_part,
                                .prepare = prepare_image_conv_part,
                                .device = "opencl"},
                               {.name = "image_conv_wgmma_opencl",
                                .refuse = refuse_image_conv_rows,
                                .prepare = prepare_image_conv_rows,
                                .device = "opencl",
                                .predict = predict_image_conv_rows},
                               {.name = "image_conv_mma_opencl",
                                .refuse = refuse_image_conv_mma,
                                .prepare = prepare_image_conv_mma,
                                .device = "opencl",
                                .predict = predict_image_conv_mma}};

}  // namespace

std::span<const Tactic> image_conv_tactics() { return kTactics; }

}  // namespace vireo::ops
