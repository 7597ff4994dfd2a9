// The inputs one after the other along `axis`.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void concat_reference(const EvalContext&);
std::span<const Tactic> concat_tactics();

namespace {

void infer(InferContext& c) {
  Dims out = c.dims(0);
  const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", 0), c.rank(0)));
  for (int k = 1; k < c.input_count(); ++k) {
    const Dims& in = c.dims(k);
    c.require(c.dtype(k) == c.dtype(0), "input " + std::to_string(k) + " is " + std::string(to_string(c.dtype(k))) +
                                            ", input 0 is " + std::string(to_string(c.dtype(0))));
    c.require(in.size() == out.size(), "input " + std::to_string(k) + " has another rank than input 0");
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i == axis) {
        out[i] = checked_add(c, out[i], in[i], "the extent of the output");
      } else if (out[i] == kUnknown) {
        out[i] = in[i];
      } else {
        require_extent(c, k, i, out[i], "inputs of concat differ only along its axis");
      }
    }
  }
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {
  const std::size_t rank = c.rank(0), axis = VaryingContext::wrap(c.attributes().integer("axis", 0), rank);
  std::vector<int> axes = c.axes(0);
  std::vector<Count> all, part;
  axes[axis] = 0;
  bool positions = true, of_counts = false;
  for (int k = 0; k < c.input_count(); ++k) {
    std::vector<int> own = c.axes(k);
    if (own[axis] != 0) c.joins(axis);
    own[axis] = 0;
    if (own != axes) return false;
    positions = positions && c.positions(k);
    of_counts = of_counts || c.has_counts(k);
  }
  for (int k = 0; of_counts && k < c.input_count(); ++k) {
    if (!c.counts(k, part)) return false;
    all.insert(all.end(), part.begin(), part.end());
  }
  c.output(0, std::move(axes), positions);
  if (of_counts) c.output_counts(0, std::move(all));
  return true;
}

Parts parts_of_output(const Problem& p) {
  const Dims& out = p.outputs[0].dims;
  const std::int64_t axis = p.attributes->integer("axis", 0);
  Parts parts{static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(out.size()) : axis), {}};
  std::int64_t start = 0;
  for (const graph::Desc& input : p.inputs) {
    parts.starts.push_back(start);
    start += input.dims[parts.axis];
  }
  return parts;
}

}  // namespace

extern const Operator concat_operator;
const Operator concat_operator{.name = "concat",
                               .min_inputs = 1,
                               .max_inputs = -1,
                               .infer = infer,
                               .reference = concat_reference,
                               .tactics = concat_tactics,
                               .parts_of_output = parts_of_output,
                               .moves = true,
                               .axis_order = AxisOrder::free_together,
                               .default_axis = 0,
                               .varying = varying};

}  // namespace vireo::ops
