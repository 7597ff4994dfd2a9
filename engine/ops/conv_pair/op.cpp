// The sum of two convolutions: y = activation(conv(x1, w1) + conv(x2, w2) + bias), over channels-last pictures, one
// group each. Written by engine/compile/conv_pairs.cpp in place of a convolution and the one that makes its residual.
#include "engine/ops/conv_pair/pair.h"

#include "engine/base/text.h"
#include "engine/ops/shared/activation.h"

namespace vireo::ops {

void conv_pair_reference(const EvalContext&);

ConvGeometry pair_geometry(const Attributes& attributes, int which, const Dims& x, const Dims& w) {
  Attributes own;
  own.set("layout", std::string("nhwc"));
  for (const char* name : {"strides", "pads", "dilations"})
    if (const std::string numbered = base::str(name, which); attributes.has(numbered))
      own.set(name, attributes.integers(numbered));
  if (const std::string numbered = base::str("auto_pad", which); attributes.has(numbered))
    own.set("auto_pad", attributes.text(numbered, ""));
  return conv_geometry(own, x, w, Direction::forward);
}

namespace {

using base::str;

void infer(InferContext& c) {
  require_float(c, 0);
  for (const int k : {1, 2, 3})
    c.require(c.dtype(k) == c.dtype(0), str("input ", k, " is ", c.dtype(k), ", input 0 is ", c.dtype(0)));
  require_rank(c, 0, 4, 4);
  require_rank(c, 2, 4, 4);
  ConvGeometry a, b;
  try {
    a = pair_geometry(c.attributes(), 1, c.dims(0), c.dims(1));
    b = pair_geometry(c.attributes(), 2, c.dims(2), c.dims(3));
    (void)activation_of(c.attributes());
  } catch (const Error& error) {
    c.fail(error.what());
  }
  Dims y = a.output_dims();
  const Dims other = b.output_dims();
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (y[i] == kUnknown) y[i] = other[i];
    c.require(other[i] == kUnknown || other[i] == y[i],
              str("the convolutions have outputs of ", a.output_dims(), " and ", other, "; they are added"));
  }
  if (c.has_input(4)) {
    c.require(c.dtype(4) == c.dtype(0) || c.dtype(4) == DataType::float32,
              str("the bias is ", c.dtype(4), "; accepted: the type of input 0, float32"));
    require_rank(c, 4, 1, 1);
    require_extent(c, 4, 0, a.cout, "one bias for each output channel");
  }
  c.output(0, c.dtype(0), y);
}

double flops(const Problem& p) {
  double depth = 0;
  for (const int which : {1, 2}) {
    const auto x = static_cast<std::size_t>(2 * which - 2);
    const ConvGeometry g = pair_geometry(*p.attributes, which, p.inputs[x].dims, p.inputs[x + 1].dims);
    depth += static_cast<double>(g.cin) * static_cast<double>(g.taps());
  }
  return 2.0 * static_cast<double>(p.outputs[0].count()) * depth;
}

}  // namespace

extern const Operator conv_pair_operator;
const Operator conv_pair_operator{.name = "conv_pair",
                                  .min_inputs = 4,
                                  .max_inputs = 5,
                                  .infer = infer,
                                  .reference = conv_pair_reference,
                                  .flops = flops,
                                  .tactics = conv_pair_tactics,
                                  .costly = true};

}  // namespace vireo::ops
