// Convolution of 8-bit integers less their zero points, summed in 32 bits (which wrap). Inputs: x, w, zero point of x
// (one), zero point of w (one, or one for each filter), bias? (int32, one for each filter), and, for 8-bit results,
// scale (float32; one, or one for each filter) and zero point of the results? (one): round(sum * scale) + zero point,
// saturated, of the zero point's type, else `output_dtype`. Attributes of conv.
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/integer_shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void conv_integer_reference(const EvalContext&);
std::span<const Tactic> conv_integer_tactics();

namespace {

void infer(InferContext& c) {
  ConvGeometry g;
  try {
    g = conv_geometry(c.attributes(), c.dims(0), c.dims(1), Direction::forward);
  } catch (const Error& error) {
    c.fail(error.what());
  }
  c.require(!g.nhwc, "takes channels first only");
  require_integer_operands(c, {1, g.cout});
  if (c.has_input(4)) {
    c.require(c.dtype(4) == DataType::int32, "the bias is " + std::string(to_string(c.dtype(4))) + ", accepted: int32");
    require_rank(c, 4, 1, 1);
    require_extent(c, 4, 0, g.cout, "one bias for each filter");
  }
  if (!c.has_input(5)) {
    c.require(!c.has_input(6), "a zero point of the results needs their scale");
    return c.output(0, DataType::int32, g.output_dims());
  }
  c.require(c.dtype(5) == DataType::float32,
            "the scale is " + std::string(to_string(c.dtype(5))) + ", accepted: float32");
  require_rank(c, 5, 0, 1);
  if (c.rank(5) == 1 && c.dims(5)[0] != 1) require_extent(c, 5, 0, g.cout, "one scale, or one for each filter");
  require_single(c, 6);
  const DataType type = c.has_input(6) ? c.dtype(6) : data_type_from(c.attributes().text("output_dtype", "uint8"));
  c.require(is_byte(type), "the results are " + std::string(to_string(type)) + ", accepted: uint8, int8");
  c.output(0, type, g.output_dims());
}

double flops(const Problem& p) {
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  return 2.0 * static_cast<double>(p.outputs[0].count()) * static_cast<double>(g.cin_per_group()) *
         static_cast<double>(g.taps());
}

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator conv_integer_operator;
const Operator conv_integer_operator{.name = "conv_integer",
                                     .min_inputs = 2,
                                     .max_inputs = 7,
                                     .infer = infer,
                                     .reference = conv_integer_reference,
                                     .flops = flops,
                                     .tactics = conv_integer_tactics,
                                     .keeps = KeptExtents::batch,
                                     .costly = true,
                                     .varying = varying};

}  // namespace vireo::ops
