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

Attributes window(const char* mode, Ints kernel, Ints strides, Ints pads, const char* layout) {
  return attributes({{"mode", mode},
                     {"kernel_shape", std::move(kernel)},
                     {"strides", std::move(strides)},
                     {"pads", std::move(pads)},
                     {"layout", layout}});
}

bool varying(VaryingContext& c) { return varying_batch(c); }

std::vector<Case> cases() {
  std::vector<Case> list;
  for (const char* mode : {"max", "average"}) {
    const bool max = mode[0] == 'm';
    list.push_back({.name = max ? "max_3x3_s2" : "average_3x3_s2",
                    .inputs = {{2, 15, 17, 19}},
                    .attributes = window(mode, {3, 3}, {2, 2}, {1, 1, 1, 1}, "nhwc")});
    list.push_back({.name = max ? "max_2x2" : "average_2x2",
                    .inputs = {{1, 12, 14, 40}},
                    .attributes = window(mode, {2, 2}, {2, 2}, {0, 0, 0, 0}, "nhwc")});
    list.push_back({.name = max ? "max_5x5_s1" : "average_5x5_s1",
                    .inputs = {{1, 13, 13, 33}},
                    .attributes = window(mode, {5, 5}, {1, 1}, {2, 2, 2, 2}, "nhwc")});
    list.push_back({.name = max ? "max_nchw" : "average_nchw",
                    .inputs = {{2, 3, 11, 10}},
                    .attributes = window(mode, {3, 2}, {2, 1}, {1, 0, 0, 1}, "nchw")});
    list.push_back({.name = max ? "max_volume" : "average_volume",
                    .inputs = {{1, 2, 5, 6, 7}},
                    .attributes = window(mode, {2, 3, 2}, {1, 2, 2}, {0, 1, 0, 1, 1, 0}, "nchw")});
    list.push_back({.name = max ? "max_line" : "average_line",
                    .inputs = {{2, 3, 31}},
                    .attributes = window(mode, {4}, {3}, {2, 1}, "nchw")});
    Attributes ceil = window(mode, {3, 3}, {2, 2}, {0, 0, 0, 0}, "nhwc");
    ceil.set("ceil_mode", std::int64_t{1});
    list.push_back({.name = max ? "max_ceil" : "average_ceil", .inputs = {{1, 14, 13, 8}}, .attributes = ceil});
    Attributes same = window(mode, {3, 3}, {2, 2}, {0, 0, 0, 0}, "nhwc");
    same.set("auto_pad", "SAME_UPPER");
    list.push_back({.name = max ? "max_same" : "average_same", .inputs = {{1, 9, 12, 21}}, .attributes = same});
    Attributes dilated = window(mode, {3, 3}, {1, 1}, {2, 2, 2, 2}, "nhwc");
    dilated.set("dilations", Ints{2, 2});
    dilated.set("count_include_pad", std::int64_t{1});
    list.push_back({.name = max ? "max_dilated" : "average_dilated", .inputs = {{1, 9, 9, 17}}, .attributes = dilated});
  }
  list.push_back({.name = "max_indices",
                  .inputs = {{1, 2, 6, 6}},
                  .attributes = window("max", {2, 2}, {2, 2}, {0, 0, 0, 0}, "nchw"),
                  .outputs = 2});
  list.push_back(
      {.name = "lp", .inputs = {{1, 2, 6, 6}}, .attributes = window("lp", {3, 3}, {1, 1}, {1, 1, 1, 1}, "nchw")});
  list.push_back({.name = "max_bytes",
                  .inputs = {{1, 2, 6, 6}},
                  .attributes = window("max", {3, 3}, {1, 1}, {1, 1, 1, 1}, "nchw"),
                  .dtypes = {DataType::uint8}});
  list.push_back({.name = "max_large",
                  .inputs = {{1, 56, 57, 64}},
                  .attributes = window("max", {3, 3}, {2, 2}, {1, 1, 1, 1}, "nhwc")});
  return list;
}

}  // namespace

extern const Operator pool_operator;
const Operator pool_operator{.name = "pool",
                             .max_outputs = 2,
                             .infer = infer,
                             .reference = pool_reference,
                             .flops = flops,
                             .tactics = pool_tactics,
                             .cases = cases,
                             .axis_order = AxisOrder::chosen_layout,
                             .keeps = KeptExtents::batch,
                             .costly = true,
                             .varying = varying};

}  // namespace vireo::ops
