// Moves blocks of the plane into channels, the block index outermost: the inverse of depth_to_space mode DCR.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void space_to_depth_reference(const EvalContext&);
std::span<const Tactic> space_to_depth_tactics();

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 4, 4);
  const std::int64_t block = c.attributes().integer("blocksize", 0);
  c.require(block > 0 && block < (1 << 20),
            "blocksize is " + std::to_string(block) + ", accepted: 1 to " + std::to_string((1 << 20) - 1));
  const bool last = c.attributes().text("layout", "nchw") == "nhwc";
  Dims out = c.dims(0);
  const std::size_t channel = last ? 3 : 1, row = last ? 1 : 2;
  for (std::size_t i = row; i < row + 2; ++i) {
    c.require(out[i] == kUnknown || out[i] % block == 0,
              "extent " + std::to_string(i) + " is not a multiple of blocksize");
    if (out[i] != kUnknown) out[i] /= block;
  }
  out[channel] = checked_mul(c, out[channel], block * block, "the channels of the output");
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator space_to_depth_operator;
const Operator space_to_depth_operator{.name = "space_to_depth",
                                       .infer = infer,
                                       .reference = space_to_depth_reference,
                                       .tactics = space_to_depth_tactics,
                                       .moves = true,
                                       .axis_order = AxisOrder::layout,
                                       .keeps = KeptExtents::batch,
                                       .varying = varying};

}  // namespace vireo::ops
