// Samples x [N, C, spatial…] at the points of a grid [N, output spatial…, rank], coordinates in [-1, 1], innermost axis
// first. mode linear, nearest or cubic; padding_mode zeros, border or reflection; align_corners. Cubic with border:
// each tap is moved to the border, not the point, as PyTorch and ONNX Runtime do it.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void grid_sample_reference(const EvalContext&);
std::span<const Tactic> grid_sample_tactics();

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 3);
  c.require(is_float(c.dtype(0)) && is_float(c.dtype(1)), "takes floating-point types");
  c.require(c.rank(1) == c.rank(0), "the grid must have the rank of x");
  const std::string mode = c.attributes().text("mode", "linear"),
                    padding = c.attributes().text("padding_mode", "zeros");
  c.require(mode == "linear" || mode == "nearest" || mode == "cubic", "unknown mode '" + mode + "'");
  c.require(padding == "zeros" || padding == "border" || padding == "reflection",
            "unknown padding_mode '" + padding + "'");
  (void)c.attributes().integer("align_corners", 0);  // of the right type
  require_extent(c, 1, 0, c.dims(0)[0], "one grid for each sample");
  require_extent(c, 1, static_cast<std::size_t>(c.rank(1) - 1), c.rank(0) - 2, "one coordinate for each spatial axis");
  Dims out{c.dims(0)[0], c.dims(0)[1]};
  out.insert(out.end(), c.dims(1).begin() + 1, c.dims(1).end() - 1);
  c.output(0, c.dtype(0), out);
}

double flops(const Problem& p) { return 12 * static_cast<double>(p.outputs[0].count()); }

}  // namespace

extern const Operator grid_sample_operator;
const Operator grid_sample_operator{.name = "grid_sample",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .infer = infer,
                                    .reference = grid_sample_reference,
                                    .flops = flops,
                                    .tactics = grid_sample_tactics,
                                    .keeps = KeptExtents::batch,
                                    .costly = true};

}  // namespace vireo::ops
