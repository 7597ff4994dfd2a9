// alpha A B + beta C with transposes, fused residual and activation (`activation_alpha`, `activation_beta`).
#include "engine/ops/gemm/gemm.h"

#include "engine/base/text.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void gemm_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  c.require(is_float(c.dtype(0)) || is_integer(c.dtype(0)), base::str("takes numbers, found ", c.dtype(0)));
  c.require(c.dtype(1) == c.dtype(0), base::str("operands are ", c.dtype(0), " and ", c.dtype(1)));
  for (const int k : {2, 3}) require_same_type(c, k);
  require_rank(c, 0, 2, 2);
  require_rank(c, 1, 2, 2);
  const bool ta = c.attributes().integer("transA", 0) != 0, tb = c.attributes().integer("transB", 0) != 0;
  (void)c.attributes().real("alpha", 1.0), (void)c.attributes().real("beta", 1.0);  // of the right types
  (void)c.attributes().text("residual", "");
  const Dims& a = c.dims(0);
  const Dims& b = c.dims(1);
  const std::int64_t m = a[ta ? 1 : 0], ka = a[ta ? 0 : 1], kb = b[tb ? 1 : 0], n = b[tb ? 0 : 1];
  c.require(ka == kb || ka == kUnknown || kb == kUnknown, base::str("inner extents differ: ", ka, " and ", kb));
  if (c.has_input(2)) {
    const Dims& addend = c.dims(2);
    c.require(addend.size() <= 2, base::str("the addend ", addend, " has more than two axes"));
    const Dims out{m, n};
    for (std::size_t i = 0; i < addend.size(); ++i) {
      const std::int64_t extent = addend[addend.size() - 1 - i], wanted = out[1 - i];
      c.require(extent == 1 || extent == kUnknown || wanted == kUnknown || extent == wanted,
                base::str("the addend ", addend, " does not broadcast to ", out));
    }
  }
  if (c.has_input(3)) {
    const std::string where = c.attributes().text("residual", "");
    c.require(where == "before" || where == "after", base::str("residual is \"", where, "\"; accepted: before, after"));
    require_rank(c, 3, 2, 2);
    require_extent(c, 3, 0, m, "the residual has the output's shape");
    require_extent(c, 3, 1, n, "the residual has the output's shape");
  }
  try {
    (void)activation_of(c.attributes(), true);
  } catch (const Error& error) {
    c.fail(error.what());
  }
  c.output(0, c.dtype(0), {m, n});
}

double flops(const Problem& p) {
  const bool ta = p.attributes->integer("transA", 0) != 0;
  return 2.0 * static_cast<double>(element_count(p.outputs[0].dims)) *
         static_cast<double>(p.inputs[0].dims[ta ? 0 : 1]);
}

bool varying(VaryingContext& c) {  // rows and columns; not what is summed over
  const bool ta = c.attributes().integer("transA", 0) != 0, tb = c.attributes().integer("transB", 0) != 0;
  if (c.axes(0)[ta ? 0 : 1] != 0 || c.axes(1)[tb ? 1 : 0] != 0) return false;
  const std::vector<int> axes{c.axes(0)[ta ? 1 : 0], c.axes(1)[tb ? 0 : 1]};
  for (const int k : {2, 3}) {  // the addends are as large, or 1 and repeated
    if (!c.has_input(k)) continue;
    for (std::size_t i = 0; i < c.rank(k); ++i) {
      const std::size_t from_end = c.rank(k) - i;
      const bool repeated = k == 2 && c.axes(k)[i] == 0 && c.dims(k)[i] == 1;
      if (!repeated && c.axes(k)[i] != axes[2 - from_end]) return false;
    }
  }
  c.output(0, axes);
  return true;
}

}  // namespace

extern const Operator gemm_operator;
const Operator gemm_operator{.name = "gemm",
                             .min_inputs = 2,
                             .max_inputs = 4,
                             .infer = infer,
                             .reference = gemm_reference,
                             .flops = flops,
                             .tactics = gemm_tactics,
                             .residual_input = 3,
                             .costly = true,
                             .varying = varying};

}  // namespace vireo::ops
