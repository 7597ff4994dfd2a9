// A regular part of the input: starts, ends, axes and steps as inputs, numpy's rules.
#include <algorithm>
#include <cstdint>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"
#include "engine/ops/slice/ranges.h"

namespace vireo::ops {

void slice_reference(const EvalContext&);
std::span<const Tactic> slice_tactics();

namespace {

void infer(InferContext& c) {
  const Dims& in = c.dims(0);
  Ints starts, ends, axes, steps;
  const bool axes_known = !c.has_input(3) || c.integers(3, axes);
  const bool known =
      c.integers(1, starts) && c.integers(2, ends) && axes_known && (!c.has_input(4) || c.integers(4, steps));
  Dims out = in;
  if (!known) {  // the sliced axes are known at best
    const std::int64_t count = length_of(c, 1);
    for (std::size_t i = 0; i < out.size(); ++i) {
      bool touched = !axes_known || (axes.empty() && (count == kUnknown || static_cast<std::int64_t>(i) < count));
      for (std::int64_t axis : axes) touched = touched || c.axis(axis, c.rank(0)) == static_cast<std::int64_t>(i);
      if (touched) out[i] = kUnknown;
    }
    return c.output(0, c.dtype(0), out);
  }
  c.require(starts.size() == ends.size() && starts.size() <= in.size() &&
                (axes.empty() || axes.size() == starts.size()) && (steps.empty() || steps.size() == starts.size()),
            "starts, ends, axes and steps must have one entry for each sliced axis");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto axis =
        static_cast<std::size_t>(axes.empty() ? static_cast<std::int64_t>(i) : c.axis(axes[i], c.rank(0)));
    const std::int64_t step = steps.empty() ? 1 : steps[i];
    c.require(step != 0, "a step is 0");
    out[axis] = in[axis] == kUnknown ? kUnknown : slice_range(starts[i], ends[i], step, in[axis]).count;
  }
  c.output(0, c.dtype(0), out);
}

bool varying(VaryingContext& c) {  // an axis that varies is taken whole
  Ints starts, axes, steps;
  std::vector<Count> ends;
  if (!c.integers(1, starts) || !c.counts(2, ends) || (c.has_input(3) && !c.integers(3, axes)) ||
      (c.has_input(4) && !c.integers(4, steps)))
    return false;
  std::vector<Count> counts, kept;
  const bool of_counts = c.has_counts(0) && c.counts(0, counts);
  Dims dims = c.dims(0);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis = axes.empty() ? i : VaryingContext::wrap(axes[i], c.rank(0));
    const std::int64_t step = steps.empty() ? 1 : steps[i];
    if (c.axes(0)[axis] == 0) {
      if (ends[i].varying != 0 || dims[axis] == kUnknown) return false;
      const auto range = slice_range(starts[i], ends[i].number, step, dims[axis]);
      if (of_counts)
        for (std::int64_t k = 0; k < range.count; ++k)
          kept.push_back(counts[static_cast<std::size_t>(range.start + k * step)]);
      dims[axis] = range.count;
      continue;
    }
    const bool whole = ends[i].varying ? ends[i].varying == c.axes(0)[axis] : ends[i].number >= INT32_MAX;
    if (starts[i] != 0 || step != 1 || !whole) return false;
  }
  if (of_counts) c.output_counts(0, std::move(kept));
  c.output(0, c.axes(0), c.positions(0));
  c.output_dims(0, std::move(dims));
  return !of_counts || (c.rank(0) == 1 && starts.size() == 1);
}

/// One part, where the step is 1 and one axis alone is cut.
std::optional<Parts> parts_of_input(const Problem& p) {
  const Dims& in = p.inputs[0].dims;
  const auto rank = static_cast<std::int64_t>(in.size());
  const auto known = [&](std::size_t k) {
    return k < p.inputs.size() && p.inputs[k].constant ? graph::to_integers(*p.inputs[k].constant) : Ints{};
  };
  const Ints starts = known(1), steps = known(4);
  Ints axes = known(3);
  if (std::ranges::any_of(steps, [](std::int64_t step) { return step != 1; })) return std::nullopt;
  if (axes.empty())
    for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  int cut = 0;
  Parts parts{0, {0}};
  for (std::size_t i = 0; i < axes.size() && i < starts.size(); ++i) {
    const auto axis = static_cast<std::size_t>(axes[i] < 0 ? axes[i] + rank : axes[i]);
    if (p.outputs[0].dims[axis] == in[axis]) continue;
    ++cut;
    parts.axis = axis;
    parts.starts[0] = std::clamp<std::int64_t>(starts[i] < 0 ? starts[i] + in[axis] : starts[i], 0, in[axis]);
  }
  return cut == 1 ? std::optional(parts) : std::nullopt;
}

}  // namespace

extern const Operator slice_operator;
const Operator slice_operator{.name = "slice",
                              .min_inputs = 3,
                              .max_inputs = 5,
                              .infer = infer,
                              .reference = slice_reference,
                              .tactics = slice_tactics,
                              .parts_of_input = parts_of_input,
                              .moves = true,
                              .varying = varying};

}  // namespace vireo::ops
