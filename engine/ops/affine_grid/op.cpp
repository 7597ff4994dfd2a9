// The sampling grid of an affine map: theta [N, r, r + 1] applied to the regular grid of the spatial extents of `size`
// (input 1: N, C, spatial…); align_corners puts -1 and 1 on the outermost centres.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void affine_grid_reference(const EvalContext&);
std::span<const Tactic> affine_grid_tactics();

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 3, 3);
  require_float(c, 0);
  std::int64_t rank = c.dims(0)[1];
  if (rank == kUnknown && c.dims(0)[2] != kUnknown) rank = c.dims(0)[2] - 1;
  if (rank == kUnknown && c.rank(1) == 1 && c.dims(1)[0] != kUnknown) rank = c.dims(1)[0] - 2;
  if (rank == kUnknown) return c.output_unranked(0, c.dtype(0));
  c.require(rank == 2 || rank == 3, "theta must be [N, 2, 3] or [N, 3, 4], found " + to_string(c.dims(0)));
  require_extent(c, 0, 2, rank + 1, "theta is an affine map");
  Ints size;
  Dims out(static_cast<std::size_t>(rank) + 2, kUnknown);
  out.front() = c.dims(0)[0];
  out.back() = rank;
  if (c.integers(1, size)) {
    c.require(static_cast<std::int64_t>(size.size()) == rank + 2,
              "size must have " + std::to_string(rank + 2) + " entries");
    for (std::size_t i = 2; i < size.size(); ++i) {
      c.require(size[i] >= 0, "negative size");
      out[i - 1] = size[i];
    }
  }
  c.output(0, c.dtype(0), out);
}

}  // namespace

extern const Operator affine_grid_operator;
const Operator affine_grid_operator{.name = "affine_grid",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .infer = infer,
                                    .reference = affine_grid_reference,
                                    .tactics = affine_grid_tactics};

}  // namespace vireo::ops
