// Cuts the input along `axis` into parts of the extents `split`, or into equal parts (the last may be smaller).
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void split_reference(const EvalContext&);
std::span<const Tactic> split_tactics();

namespace {

Ints part_sizes(const InferContext& c, std::int64_t extent) {
  const auto outputs = static_cast<std::size_t>(c.output_count());
  Ints sizes = c.attributes().integers("split");
  if (c.has_input(1) && !c.integers(1, sizes)) return Ints(outputs, kUnknown);
  if (sizes.empty()) {
    const std::int64_t parts = c.attributes().integer("num_outputs", static_cast<std::int64_t>(outputs));
    c.require(parts == static_cast<std::int64_t>(outputs), "num_outputs is not the number of outputs");
    if (extent == kUnknown) return Ints(outputs, kUnknown);
    const std::int64_t size = extent / parts + (extent % parts != 0 ? 1 : 0);
    sizes.assign(outputs, size);
    sizes.back() = extent - checked_mul(c, size, parts - 1, "the extent of all parts");
    c.require(sizes.back() >= 0,
              "can't cut an extent of " + std::to_string(extent) + " into " + std::to_string(parts) + " parts");
    return sizes;
  }
  std::int64_t total = 0;
  for (std::int64_t s : sizes) {
    c.require(s >= 0, "negative size in split");
    total = checked_add(c, total, s, "the sum of split");
  }
  c.require(sizes.size() == outputs, "split names " + std::to_string(sizes.size()) + " parts, the layer has " +
                                         std::to_string(outputs) + " outputs");
  c.require(extent == kUnknown || total == extent,
            "split adds up to " + std::to_string(total) + ", the extent is " + std::to_string(extent));
  return sizes;
}

void infer(InferContext& c) {
  const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", 0), c.rank(0)));
  Dims dims = c.dims(0);
  const Ints sizes = part_sizes(c, dims[axis]);
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    dims[axis] = sizes[k];
    c.output(static_cast<int>(k), c.dtype(0), dims);
  }
}

bool varying(VaryingContext& c) {
  const std::size_t axis = VaryingContext::wrap(c.attributes().integer("axis", 0), c.rank(0));
  if (c.axes(0)[axis] != 0) return false;
  for (int k = 0; k < c.output_count(); ++k) c.output(k, c.axes(0), c.positions(0));
  return true;
}

std::optional<Parts> parts_of_input(const Problem& p) {
  const auto rank = static_cast<std::int64_t>(p.inputs[0].dims.size());
  const std::int64_t axis = p.attributes->integer("axis", 0);
  Parts parts{static_cast<std::size_t>(axis < 0 ? axis + rank : axis), {}};
  std::int64_t start = 0;
  for (const graph::Desc& output : p.outputs) {
    if (!output.present()) return std::nullopt;
    parts.starts.push_back(start);
    start += output.dims[parts.axis];
  }
  return parts;
}

}  // namespace

extern const Operator split_operator;
const Operator split_operator{.name = "split",
                              .min_inputs = 1,
                              .max_inputs = 2,
                              .max_outputs = -1,
                              .infer = infer,
                              .reference = split_reference,
                              .tactics = split_tactics,
                              .parts_of_input = parts_of_input,
                              .moves = true,
                              .axis_order = AxisOrder::along_axis,
                              .default_axis = 0,
                              .varying = varying};

}  // namespace vireo::ops
