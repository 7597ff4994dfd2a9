// The k (input 1) largest or smallest entries along `axis` and their positions, in order of value; equals by position.
// NaN counts as larger than every number.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void top_k_reference(const EvalContext&);
std::span<const Tactic> top_k_tactics();

namespace {

void infer(InferContext& c) {
  Dims out = c.dims(0);
  require_computable(c, 0);
  const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", -1), c.rank(0)));
  Ints k;
  if (c.integers(1, k)) {
    c.require(k.size() == 1 && k[0] >= 0, "k must be one number that is not negative");
    c.require(out[axis] == kUnknown || k[0] <= out[axis],
              "k is " + std::to_string(k[0]) + ", the axis has " + std::to_string(out[axis]) + " entries");
    out[axis] = k[0];
  } else {
    out[axis] = kUnknown;
  }
  c.output(0, c.dtype(0), out);
  if (c.output_count() > 1) c.output(1, DataType::int64, out);
}

double flops(const Problem& p) { return 8 * static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) {
  Ints k;
  return c.integers(1, k) && varying_but_axis(c, VaryingContext::wrap(c.attributes().integer("axis", -1), c.rank(0)));
}

}  // namespace

extern const Operator top_k_operator;
const Operator top_k_operator{.name = "top_k",
                              .min_inputs = 2,
                              .max_inputs = 2,
                              .max_outputs = 2,
                              .infer = infer,
                              .reference = top_k_reference,
                              .flops = flops,
                              .tactics = top_k_tactics,
                              .axis_order = AxisOrder::along_axis,
                              .varying = varying};

}  // namespace vireo::ops
