// Turns pairs of elements of each head by the angle that belongs to the entry's position. x: [batch, heads, entries,
// depth], or of rank 3 with the heads of an entry one after the other and their number in `num_heads`. The first
// `rotary_dim` elements of a head (0: all) are turned: halves of them against each other, or neighbours where
// `interleaved`. cos and sin (inputs 1, 2) are tables [positions, rotary_dim / 2] and positions (input 3, int64 or
// int32) say which rows: [batch, entries], or that of the first entry, one or one for each entry of the batch. Without
// positions the tables are [batch, entries, rotary_dim / 2].
#include "engine/ops/rotary_embedding/geometry.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void rotary_embedding_reference(const EvalContext&);
std::span<const Tactic> rotary_embedding_tactics();

namespace {

/// Elements of a head that are turned, kUnknown where the extents don't tell.
std::int64_t turned_of(InferContext& c) {
  const Dims& x = c.dims(0);
  std::int64_t depth = x.back();
  if (x.size() == 3) {
    const std::int64_t heads = c.attributes().integer("num_heads", 0);
    c.require(heads > 0, "x of rank 3 needs the attribute num_heads");
    c.require(depth == kUnknown || depth % heads == 0, "the last axis must be a multiple of the number of heads");
    if (depth != kUnknown) depth /= heads;
  }
  const std::int64_t given = c.attributes().integer("rotary_dim", 0);
  c.require(given >= 0 && (given == 0 || depth == kUnknown || given <= depth),
            "rotary_dim must be at most the depth of a head, it is " + std::to_string(given));
  const std::int64_t turned = given > 0 ? given : depth;
  c.require(turned == kUnknown || turned % 2 == 0,
            "an even number of elements is turned, not " + std::to_string(turned));
  return turned;
}

void check_positions(InferContext& c, std::int64_t batch, std::int64_t entries) {
  c.require(c.dtype(3) == DataType::int64 || c.dtype(3) == DataType::int32, "positions must be int64 or int32");
  require_rank(c, 3, 0, 2);
  if (c.rank(3) == 2) {
    require_extent(c, 3, 0, batch, "a position for each entry");
    require_extent(c, 3, 1, entries, "a position for each entry");
  } else if (c.rank(3) == 1 && c.dims(3)[0] != 1) {
    require_extent(c, 3, 0, batch, "positions are one, or one for each entry of the batch");
  }
}

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 3, 4);
  const std::int64_t turned = turned_of(c), half = turned == kUnknown ? kUnknown : turned / 2;
  const Dims& x = c.dims(0);
  const std::int64_t batch = x[0], entries = x[x.size() - 2];
  const bool positions = c.has_input(3);
  if (positions) check_positions(c, batch, entries);
  for (int k = 1; k <= 2; ++k) {
    require_same_type(c, k);
    const int rank = positions ? 2 : 3;
    require_rank(c, k, rank, rank);
    require_extent(c, k, static_cast<std::size_t>(rank - 1), half, "a table has an angle for each pair");
    if (!positions) require_extent(c, k, 0, batch, "a row of the table for each entry");
    if (!positions) require_extent(c, k, 1, entries, "a row of the table for each entry");
    if (positions) require_extent(c, k, 0, c.dims(1)[0], "cos and sin have the same rows");
  }
  infer_same(c);
}

double flops(const Problem& p) { return 3 * static_cast<double>(p.inputs[0].count()); }

}  // namespace

RotaryGeometry rotary_geometry(const graph::Attributes& attributes, const Dims& x, const Dims& table,
                               const Dims* positions) {
  RotaryGeometry g{.batch = x[0], .flat = x.size() == 3};
  g.heads = g.flat ? attributes.integer("num_heads", 1) : x[1];
  g.entries = x[x.size() - 2];
  g.depth = g.flat ? x[2] / g.heads : x[3];
  const std::int64_t turned = attributes.integer("rotary_dim", 0);
  g.turned = turned > 0 ? turned : g.depth;
  g.interleaved = attributes.integer("interleaved", 0) != 0;
  g.has_positions = positions != nullptr;
  if (!positions) return g;
  g.positions = table[0];
  g.each = positions->size() == 2;
  g.many = positions->size() == 1 && positions->front() != 1;
  return g;
}

extern const Operator rotary_embedding_operator;
const Operator rotary_embedding_operator{.name = "rotary_embedding",
                                         .min_inputs = 3,
                                         .max_inputs = 4,
                                         .infer = infer,
                                         .reference = rotary_embedding_reference,
                                         .flops = flops,
                                         .tactics = rotary_embedding_tactics,
                                         .keeps = KeptExtents::all};

}  // namespace vireo::ops
