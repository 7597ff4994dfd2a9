// A copy of the data with an update written into it along `axis` (by default the last but one), for each entry of the
// batch (axis 0) from its own index on: indices (input 2, int64 or int32) are one or one for each entry, 0 where
// absent. `mode` circular wraps around the axis; linear needs index and update to lie within it.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void tensor_scatter_reference(const EvalContext&);
std::span<const Tactic> tensor_scatter_tactics();

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 2);
  const int rank = c.rank(0);
  const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", -2), rank));
  c.require(axis != 0, "the axis can't be that of the batch");
  const std::string mode = c.attributes().text("mode", "linear");
  c.require(mode == "linear" || mode == "circular", "the mode must be linear or circular, not '" + mode + "'");
  require_same_type(c, 1);
  require_rank(c, 1, rank, rank);
  const Dims &data = c.dims(0), &update = c.dims(1);
  for (std::size_t i = 0; i < data.size(); ++i)
    if (i != axis) require_extent(c, 1, i, data[i], "the update is as large as the data but for the axis");
  c.require(data[axis] == kUnknown || update[axis] == kUnknown || update[axis] <= data[axis],
            "the update is longer than the data along the axis");
  if (c.has_input(2)) {
    c.require(c.dtype(2) == DataType::int64 || c.dtype(2) == DataType::int32, "indices must be int64 or int32");
    require_rank(c, 2, 0, 1);
    if (c.rank(2) == 1 && c.dims(2)[0] != 1)
      require_extent(c, 2, 0, data[0], "indices are one, or one for each entry of the batch");
  }
  infer_same(c);
}

}  // namespace

extern const Operator tensor_scatter_operator;
const Operator tensor_scatter_operator{.name = "tensor_scatter",
                                       .min_inputs = 2,
                                       .max_inputs = 3,
                                       .infer = infer,
                                       .reference = tensor_scatter_reference,
                                       .tactics = tensor_scatter_tactics,
                                       .keeps = KeptExtents::all};

}  // namespace vireo::ops
