// Adds (or, negative, removes) elements at the begin and end of each axis; mode constant, reflect, edge or wrap.
// Inputs: data, pads (all begins, then all ends), value?, axes?.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void pad_reference(const EvalContext&);
std::span<const Tactic> pad_tactics();

namespace {

void infer(InferContext& c) {
  Dims out = c.dims(0);
  const std::string mode = c.attributes().text("mode", "constant");
  c.require(mode == "constant" || mode == "reflect" || mode == "edge" || mode == "wrap", "unknown mode '" + mode + "'");
  require_same_type(c, 2);
  require_single(c, 2);
  Ints pads, axes;
  const bool axes_known = !c.has_input(3) || c.integers(3, axes);
  if (!axes_known || !c.integers(1, pads)) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      bool touched = !axes_known || !c.has_input(3);
      for (std::int64_t axis : axes) touched = touched || c.axis(axis, c.rank(0)) == static_cast<std::int64_t>(i);
      if (touched) out[i] = kUnknown;
    }
    return c.output(0, c.dtype(0), out);
  }
  const std::size_t count = c.has_input(3) ? axes.size() : out.size();
  c.require(pads.size() == 2 * count,
            "pads has " + std::to_string(pads.size()) + " entries, expected " + std::to_string(2 * count));
  constexpr std::int64_t kMostPad = std::int64_t{1} << 60;
  std::vector<bool> seen(out.size(), false);
  for (std::size_t i = 0; i < count; ++i) {
    const auto axis =
        static_cast<std::size_t>(c.has_input(3) ? c.axis(axes[i], c.rank(0)) : static_cast<std::int64_t>(i));
    c.require(!seen[axis], "axes names axis " + std::to_string(axis) + " twice");
    seen[axis] = true;
    for (const std::int64_t pad : {pads[i], pads[count + i]})
      c.require(pad >= -kMostPad && pad <= kMostPad, "pads has the value " + std::to_string(pad) +
                                                         ", accepted: up to " + std::to_string(kMostPad) +
                                                         " either way");
    if (out[axis] == kUnknown) continue;
    const std::int64_t before = out[axis];
    const std::int64_t more = pads[i] + pads[count + i];
    out[axis] = more > 0 ? checked_add(c, before, more, "an extent of the output") : before + more;
    c.require(out[axis] >= 0, "pads remove more than the whole axis " + std::to_string(axis));
    c.require(mode == "constant" || before > 0 || out[axis] == 0, "mode '" + mode + "' needs a non-empty axis");
  }
  c.output(0, c.dtype(0), out);
}

}  // namespace

extern const Operator pad_operator;
const Operator pad_operator{.name = "pad",
                            .min_inputs = 2,
                            .max_inputs = 4,
                            .infer = infer,
                            .reference = pad_reference,
                            .tactics = pad_tactics};

}  // namespace vireo::ops
