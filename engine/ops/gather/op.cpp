// Entries of the data along `axis`, chosen by an index tensor; negative indices count from the end.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void gather_reference(const EvalContext&);
std::span<const Tactic> gather_tactics();

namespace {

void infer(InferContext& c) {
  const Dims &data = c.dims(0), &indices = c.dims(1);
  require_rank(c, 0, 1);
  c.require(is_integer(c.dtype(1)), "indices must be integers, found " + std::string(to_string(c.dtype(1))));
  const auto axis = static_cast<std::ptrdiff_t>(c.axis(c.attributes().integer("axis", 0), c.rank(0)));
  Dims out(data.begin(), data.begin() + axis);
  out.insert(out.end(), indices.begin(), indices.end());
  out.insert(out.end(), data.begin() + axis + 1, data.end());
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  const std::size_t axis = VaryingContext::wrap(c.attributes().integer("axis", 0), c.rank(0));
  if (std::vector<Count> counts, chosen; c.has_counts(0)) {
    Ints indices;
    if (!c.counts(0, counts) || !c.integers(1, indices)) return false;
    for (const std::int64_t index : indices) {
      const std::size_t at = VaryingContext::wrap(index, counts.size());
      if (at >= counts.size()) return false;
      chosen.push_back(counts[at]);
    }
    c.output_counts(0, std::move(chosen));
    return true;
  }
  // Indices that count from the back of an axis that varies would find what lies behind the true entries.
  if (c.axes(0)[axis] != 0 && !c.positions(1)) return false;
  std::vector<int> axes(c.axes(0).begin(), c.axes(0).begin() + static_cast<std::ptrdiff_t>(axis));
  axes.insert(axes.end(), c.axes(1).begin(), c.axes(1).end());
  axes.insert(axes.end(), c.axes(0).begin() + static_cast<std::ptrdiff_t>(axis) + 1, c.axes(0).end());
  c.output(0, std::move(axes), c.positions(0));
  return true;
}

}  // namespace

extern const Operator gather_operator;
const Operator gather_operator{.name = "gather",
                               .min_inputs = 2,
                               .max_inputs = 2,
                               .infer = infer,
                               .reference = gather_reference,
                               .tactics = gather_tactics,
                               .moves = true,
                               .varying = varying};

}  // namespace vireo::ops
