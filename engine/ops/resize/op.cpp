// Resamples any axes: inputs x, roi?, scales?, sizes?; mode nearest, linear (separable), cubic; attributes as ONNX
// Resize-19.
#include "engine/ops/resize/plan.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void resize_reference(const EvalContext&);
std::span<const Tactic> resize_tactics();

namespace {

bool empty(const InferContext& c, int k) { return !c.has_input(k) || (c.rank(k) == 1 && c.dims(k)[0] == 0); }

void infer(InferContext& c) {
  ResizeRequest request{.in = c.dims(0)};
  const std::string mode = c.attributes().text("mode", "nearest");
  c.require(mode == "nearest" || mode == "linear" || mode == "cubic", "unknown mode '" + mode + "'");
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  const std::int64_t roi = !c.has_input(1) ? 0 : c.rank(1) == 1 ? c.dims(1)[0] : 1;
  try {
    check_resize(c.attributes(), request.in.size(), roi);
  } catch (const Error& error) {
    c.fail(error.what());
  }
  const bool by_scales = !empty(c, 2), by_sizes = !empty(c, 3);
  c.require(by_scales || by_sizes, "neither scales nor sizes is given");
  if (by_sizes) {
    if (!c.integers(3, request.sizes)) return c.output(0, c.dtype(0), Dims(c.dims(0).size(), kUnknown));
  } else {
    const graph::Constant* scales = c.constant(2);
    if (!scales) return c.output(0, c.dtype(0), Dims(c.dims(0).size(), kUnknown));
    request.scales = to_reals(*scales);
  }
  try {
    c.output(0, c.dtype(0), resize_shape(c.attributes(), request).out);
  } catch (const Error& error) {
    c.fail(error.what());
  }
}

double flops(const Problem& p) { return 7 * static_cast<double>(p.outputs[0].count()); }

}  // namespace

extern const Operator resize_operator;
const Operator resize_operator{.name = "resize",
                               .min_inputs = 1,
                               .max_inputs = 4,
                               .infer = infer,
                               .reference = resize_reference,
                               .flops = flops,
                               .tactics = resize_tactics,
                               .costly = true};

}  // namespace vireo::ops
