// Matrix product of 8-bit integers less their zero points, summed in 32 bits (which wrap), with numpy's batching.
// Inputs: a, b, zero point of a (one, or one for each row), zero point of b (one, or one for each column).
#include "engine/ops/shared/integer_shape.h"
#include "engine/ops/shared/matmul_geometry.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void matmul_integer_reference(const EvalContext&);
std::span<const Tactic> matmul_integer_tactics();

namespace {

void infer(InferContext& c) {
  MatmulGeometry g;
  try {
    g = matmul_geometry({}, c.dims(0), c.dims(1));
  } catch (const Error& error) {
    c.fail(error.what());
  }
  require_integer_operands(c, {g.m, g.n});
  c.output(0, DataType::int32, g.output_dims());
}

double flops(const Problem& p) {
  const MatmulGeometry g = matmul_geometry({}, p.inputs[0].dims, p.inputs[1].dims);
  return 2.0 * static_cast<double>(p.outputs[0].count()) * static_cast<double>(g.k);
}

bool varying(VaryingContext& c) {  // products of a batch, rows and columns; not what is summed over
  if (c.rank(0) < 2 || c.rank(1) < 2 || !fixed_from(c, 2)) return false;
  const auto from_end = [&](int input, std::size_t k) { return c.axes(input)[c.rank(input) - k]; };
  if (from_end(0, 1) != 0 || from_end(1, 2) != 0) return false;
  VaryingShape batch(std::max(c.rank(0), c.rank(1)) - 2);
  if (!batch.join(c, 0, 2) || !batch.join(c, 1, 2)) return false;
  std::vector<int> axes = batch.axes();
  axes.push_back(from_end(0, 2));
  axes.push_back(from_end(1, 1));
  for (const int zero : {2, 3})  // one for each row or column
    if (c.has_input(zero) && c.rank(zero) == 1 && c.dims(zero)[0] != 1 &&
        axes[axes.size() - 4 + static_cast<std::size_t>(zero)] != 0)
      return false;
  c.output(0, std::move(axes));
  return true;
}

}  // namespace

extern const Operator matmul_integer_operator;
const Operator matmul_integer_operator{.name = "matmul_integer",
                                       .min_inputs = 2,
                                       .max_inputs = 4,
                                       .infer = infer,
                                       .reference = matmul_integer_reference,
                                       .flops = flops,
                                       .tactics = matmul_integer_tactics,
                                       .costly = true,
                                       .varying = varying};

}  // namespace vireo::ops
