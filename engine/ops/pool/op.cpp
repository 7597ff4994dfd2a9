// Sliding windows over the spatial axes: mode max, average or lp. Padding never wins (max), counts as zeros when
// `count_include_pad` (average). Second output of max: int64 positions in the row-major NCHW input.
#include "engine/ops/pool/window.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void pool_reference(const EvalContext&);
std::span<const Tactic> pool_tactics();

namespace {

void infer(InferContext& c) {
  const std::string mode = c.attributes().text("mode", "max");
  c.require(mode == "max" || mode == "average" || mode == "lp", "unknown mode '" + mode + "'");
  c.require(is_float(c.dtype(0)) || (mode == "max" && is_integer(c.dtype(0))),
            "mode '" + mode + "' does not take " + std::string(to_string(c.dtype(0))));
  c.require(c.output_count() == 1 || mode == "max", "only max pooling has indices");
  for (const char* name : {"count_include_pad", "storage_order", "p"})
    (void)c.attributes().integer(name, 0);  // of the right types
  Dims out = c.dims(0);
  std::vector<PoolAxis> axes;
  try {
    axes = pool_axes(c.attributes(), out);
  } catch (const Error& error) {
    c.fail(error.what());
  }
  for (std::size_t i = 0; i < axes.size(); ++i) out[(channels_last(c.attributes()) ? 1 : 2) + i] = axes[i].out;
  c.output(0, c.dtype(0), out);
  if (c.output_count() > 1) c.output(1, DataType::int64, out);
}

double flops(const Problem& p) {
  double n = static_cast<double>(p.outputs[0].count());
  for (std::int64_t k : p.attributes->integers("kernel_shape")) n *= static_cast<double>(k);
  return n;
}

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator pool_operator;
const Operator pool_operator{.name = "pool",
                             .max_outputs = 2,
                             .infer = infer,
                             .reference = pool_reference,
                             .flops = flops,
                             .tactics = pool_tactics,
                             .axis_order = AxisOrder::chosen_layout,
                             .keeps = KeptExtents::batch,
                             .costly = true,
                             .varying = varying};

}  // namespace vireo::ops
