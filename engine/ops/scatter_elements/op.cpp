// A copy of the data with updates written (or by `reduction` add, mul, max, min) where the indices point along `axis`.
#include "engine/ops/shared/scatter.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void scatter_elements_reference(const EvalContext&);
std::span<const Tactic> scatter_elements_tactics();

namespace {

void infer(InferContext& c) {
  ScatterReduction reduction{};
  c.require(scatter_reduction_from(c.attributes().text("reduction", "none"), reduction), "unknown reduction");
  c.require(reduction == ScatterReduction::none || (!is_narrow(c.dtype(0)) && c.dtype(0) != DataType::string),
            "reduces numbers, found " + std::string(to_string(c.dtype(0))));
  c.require(c.rank(0) == c.rank(1) && c.rank(1) == c.rank(2), "data, indices and updates must have one rank");
  c.require(is_integer(c.dtype(1)), "indices must be integers");
  c.require(c.dtype(2) == c.dtype(0), "updates must have the type of the data");
  const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", 0), c.rank(0)));
  for (std::size_t i = 0; i < c.dims(0).size(); ++i) {
    require_extent(c, 2, i, c.dims(1)[i], "one update for each index");
    const std::int64_t data = c.dims(0)[i], index = c.dims(1)[i];
    c.require(i == axis || data == kUnknown || index == kUnknown || index <= data,
              "indices reach outside the data along axis " + std::to_string(i));
  }
  infer_same(c);
}

}  // namespace

extern const Operator scatter_elements_operator;
const Operator scatter_elements_operator{.name = "scatter_elements",
                                         .min_inputs = 3,
                                         .max_inputs = 3,
                                         .infer = infer,
                                         .reference = scatter_elements_reference,
                                         .tactics = scatter_elements_tactics,
                                         .keeps = KeptExtents::all};

}  // namespace vireo::ops
