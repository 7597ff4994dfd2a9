// saturate(round_half_even(x / scale) + zero point): type of the zero point, else `output_dtype`, else uint8. One
// scale, one for each entry of `axis`, or one for each block of `block_size` entries. With `multiply` 1 it is x *
// scale: how sums of integer products are scaled to integers again. `precision` names the type of the division, by
// default float32; `saturate` is for 8-bit floats, as in cast.
#include "engine/ops/shared/quantization.h"

namespace vireo::ops {

void quantize_linear_reference(const EvalContext&);
std::span<const Tactic> quantize_linear_tactics();

namespace {

bool is_quantized(DataType type) {
  switch (type) {
    case DataType::int8:
    case DataType::uint8:
    case DataType::int16:
    case DataType::uint16: return true;
    default: return is_narrow(type) && type != DataType::float8e8m0;
  }
}

void infer(InferContext& c) {
  for (int k = 0; k < 2; ++k) require_computable(c, k);
  c.require(is_float(c.dtype(0)) || c.dtype(0) == DataType::int32,
            "takes floating-point types and int32, found " + std::string(to_string(c.dtype(0))));
  const std::string named = c.attributes().text("output_dtype", "uint8");
  const DataType type = c.has_input(2) ? c.dtype(2) : data_type_from(named);
  c.require(is_quantized(type),
            "can't quantise to " + (c.has_input(2) ? std::string(to_string(type)) : "'" + named + "'"));
  const std::string precision = c.attributes().text("precision", "float32");
  c.require(is_float(data_type_from(precision)), "can't divide in '" + precision + "'");
  (void)c.attributes().integer("saturate", 1), (void)c.attributes().integer("multiply", 0);  // of the right types
  infer_quantization(c);
  c.output(0, type, c.dims(0));
}

bool varying(VaryingContext& c) { return varying_quantization(c); }

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
