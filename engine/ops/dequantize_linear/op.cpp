// (x - zero point) * scale in the type of the scale (or `output_dtype`). One scale, one for each entry of `axis`, or
// one for each block of `block_size` entries.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void dequantize_linear_reference(const EvalContext&);
std::span<const Tactic> dequantize_linear_tactics();

namespace {

void infer(InferContext& c) {
  c.require(is_integer(c.dtype(0)), "takes integers, found " + std::string(to_string(c.dtype(0))));
  require_float(c, 1);
  const DataType type =
      c.attributes().has("output_dtype") ? data_type_from(c.attributes().text("output_dtype", "")) : c.dtype(1);
  c.require(is_float(type), "output_dtype must be a floating-point type");
  c.require(c.attributes().integer("block_size", 0) >= 0, "block_size is negative");
  (void)c.attributes().integer("axis", 1);
  if (c.rank(1) == 1 && c.dims(1)[0] != 1) {
    const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", 1), c.rank(0)));
    require_extent(c, 1, 0, c.dims(0)[axis], "one scale for each entry of the axis");
  }
  if (c.has_input(2)) {
    c.require(c.dtype(2) == c.dtype(0), "the zero point must have the type of the input");
    c.require(c.rank(2) == c.rank(1), "scale and zero point must have one shape");
  }
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

extern const Operator dequantize_linear_operator;
const Operator dequantize_linear_operator{.name = "dequantize_linear",
                                          .min_inputs = 2,
                                          .max_inputs = 3,
                                          .infer = infer,
                                          .reference = dequantize_linear_reference,
                                          .tactics = dequantize_linear_tactics,
                                          .keeps = KeptExtents::all,
                                          .varying = varying};

}  // namespace vireo::ops
