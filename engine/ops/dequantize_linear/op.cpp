// (x - zero point) * scale in the type of the scale (or `output_dtype`). One scale, one for each entry of `axis`, or
// one for each block of `block_size` entries.
#include "engine/ops/shared/quantization.h"

namespace vireo::ops {

void dequantize_linear_reference(const EvalContext&);
std::span<const Tactic> dequantize_linear_tactics();

namespace {

void infer(InferContext& c) {
  c.require(is_integer(c.dtype(0)) || (is_narrow(c.dtype(0)) && c.dtype(0) != DataType::float8e8m0),
            "takes integers, 8-bit floats and float4e2m1, found " + std::string(to_string(c.dtype(0))));
  const DataType type =
      c.attributes().has("output_dtype") ? data_type_from(c.attributes().text("output_dtype", "")) : c.dtype(1);
  infer_quantization(c);
  c.require(is_float(type), c.attributes().has("output_dtype") ? "output_dtype must be a floating-point type"
                                                               : "a scale of float8e8m0 needs output_dtype");
  if (c.has_input(2)) c.require(c.dtype(2) == c.dtype(0), "the zero point must have the type of the input");
  c.output(0, type, c.dims(0));
}

bool varying(VaryingContext& c) { return varying_quantization(c); }

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
