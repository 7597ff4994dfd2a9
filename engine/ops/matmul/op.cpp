// Matrix product with numpy's rules, fused factor, bias, residual and activation.
// The activation's parameters are `activation_alpha` and `activation_beta`; `alpha` is the factor on the product.
#include <algorithm>

#include "engine/ops/matmul/matmul.h"

#include "engine/base/text.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/matmul_geometry.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void matmul_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  c.require(is_float(c.dtype(0)) || is_integer(c.dtype(0)), base::str("takes numbers, found ", c.dtype(0)));
  c.require(c.dtype(1) == c.dtype(0), base::str("operands are ", c.dtype(0), " and ", c.dtype(1)));
  for (const int k : {2, 3}) require_same_type(c, k);
  MatmulGeometry g;
  try {
    g = matmul_geometry(c.attributes(), c.dims(0), c.dims(1));
    (void)activation_of(c.attributes(), true);
    (void)c.attributes().integer("trans_a", 0), (void)c.attributes().integer("trans_b", 0);  // of the right types
    (void)c.attributes().text("residual", "");
  } catch (const Error& error) {
    c.fail(error.what());
  }
  const Dims output = g.output_dims();
  if (c.has_input(2)) {
    require_rank(c, 2, 1, 1);
    c.require(!g.b_vector, "a bias needs a last axis, the second operand is a vector");
    require_extent(c, 2, 0, g.n, "one bias for each column");
  }
  if (c.has_input(3)) {
    const std::string where = c.attributes().text("residual", "");
    c.require(where == "before" || where == "after", base::str("residual is \"", where, "\"; accepted: before, after"));
    c.require(c.dims(3).size() == output.size(), "the residual has another rank than the output");
    for (std::size_t i = 0; i < output.size(); ++i)
      require_extent(c, 3, i, output[i], "the residual has the output's shape");
  }
  c.output(0, c.dtype(0), output);
}

double flops(const Problem& p) {
  const MatmulGeometry g = matmul_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  return 2.0 * static_cast<double>(p.outputs[0].count()) * static_cast<double>(g.k);
}

bool varying(VaryingContext& c) {  // products of a batch, rows and columns; not what is summed over
  if (c.rank(0) < 2 || c.rank(1) < 2 || c.varies(2)) return false;
  const bool ta = c.attributes().integer("trans_a", 0) != 0, tb = c.attributes().integer("trans_b", 0) != 0;
  const auto from_end = [&](int input, std::size_t k) { return c.axes(input)[c.rank(input) - k]; };
  if (from_end(0, ta ? 2 : 1) != 0 || from_end(1, tb ? 1 : 2) != 0) return false;
  VaryingShape batch(std::max(c.rank(0), c.rank(1)) - 2);
  if (!batch.join(c, 0, 2) || !batch.join(c, 1, 2)) return false;
  std::vector<int> axes = batch.axes();
  axes.push_back(from_end(0, ta ? 1 : 2));
  axes.push_back(from_end(1, tb ? 2 : 1));
  if (axes.back() != 0 && c.has_input(2)) return false;  // a bias for each column
  if (c.has_input(3) && c.axes(3) != axes) return false;
  c.output(0, std::move(axes));
  return true;
}

}  // namespace

extern const Operator matmul_operator;
const Operator matmul_operator{.name = "matmul",
                               .min_inputs = 2,
                               .max_inputs = 4,
                               .infer = infer,
                               .reference = matmul_reference,
                               .flops = flops,
                               .tactics = matmul_tactics,
                               .residual_input = 3,
                               .costly = true,
                               .varying = varying};

}  // namespace vireo::ops
