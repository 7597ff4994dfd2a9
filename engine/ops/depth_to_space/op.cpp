// Moves blocksize² channels into blocks of the plane; mode DCR (block index outermost among the channels) or CRD.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void depth_to_space_reference(const EvalContext&);
std::span<const Tactic> depth_to_space_tactics();

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 4, 4);
  const std::string mode = c.attributes().text("mode", "DCR");
  c.require(mode == "DCR" || mode == "CRD", "unknown mode '" + mode + "'");
  const std::int64_t block = c.attributes().integer("blocksize", 0);
  c.require(block > 0 && block < (1 << 20),
            "blocksize is " + std::to_string(block) + ", accepted: 1 to " + std::to_string((1 << 20) - 1));
  const bool last = c.attributes().text("layout", "nchw") == "nhwc";
  Dims out = c.dims(0);
  const std::size_t channel = last ? 3 : 1, row = last ? 1 : 2;
  c.require(out[channel] == kUnknown || out[channel] % (block * block) == 0,
            "the channels are not a multiple of blocksize squared");
  if (out[channel] != kUnknown) out[channel] /= block * block;
  for (std::size_t i = row; i < row + 2; ++i) out[i] = checked_mul(c, out[i], block, "an extent of the output");
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator depth_to_space_operator;
const Operator depth_to_space_operator{.name = "depth_to_space",
                                       .infer = infer,
                                       .reference = depth_to_space_reference,
                                       .tactics = depth_to_space_tactics,
                                       .moves = true,
                                       .axis_order = AxisOrder::layout,
                                       .keeps = KeptExtents::batch,
                                       .varying = varying};

}  // namespace vireo::ops
