// saturate(round_half_even(x / scale) + zero point): type of the zero point, else `output_dtype`, else uint8. One
// scale, one for each entry of `axis`, or one for each block of `block_size` entries.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void quantize_linear_reference(const EvalContext&);
std::span<const Tactic> quantize_linear_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < 2; ++k) require_computable(c, k);
  c.require(is_float(c.dtype(0)) || c.dtype(0) == DataType::int32,
            "takes floating-point types, found " + std::string(to_string(c.dtype(0))));
  const std::string named = c.attributes().text("output_dtype", "uint8");
  const DataType type = c.has_input(2) ? c.dtype(2) : data_type_from(named);
  c.require(type == DataType::int8 || type == DataType::uint8 || type == DataType::int16 || type == DataType::uint16,
            "can't quantise to " + (c.has_input(2) ? std::string(to_string(type)) : "'" + named + "'"));
  c.require(c.attributes().integer("block_size", 0) >= 0, "block_size is negative");
  (void)c.attributes().integer("axis", 1);
  if (c.rank(1) == 1 && c.dims(1)[0] != 1) {
    const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", 1), c.rank(0)));
    require_extent(c, 1, 0, c.dims(0)[axis], "one scale for each entry of the axis");
  }
  if (c.has_input(2)) c.require(c.rank(2) == c.rank(1), "scale and zero point must have one shape");
  c.output(0, type, c.dims(0));
}

bool varying(VaryingContext& c) {  // one scale for all, or one for each entry of an axis that is fixed
  if (!fixed_from(c, 1)) return false;
  if (c.rank(1) > 0 && c.dims(1) != Dims{1})
    return c.rank(1) == 1 && varying_but_axis(c, VaryingContext::wrap(c.attributes().integer("axis", 1), c.rank(0)));
  c.output(0, c.axes(0));
  return true;
}

}  // namespace

extern const Operator quantize_linear_operator;
const Operator quantize_linear_operator{.name = "quantize_linear",
                                        .min_inputs = 2,
                                        .max_inputs = 3,
                                        .infer = infer,
                                        .reference = quantize_linear_reference,
                                        .tactics = quantize_linear_tactics,
                                        .keeps = KeptExtents::all,
                                        .varying = varying};

}  // namespace vireo::ops
