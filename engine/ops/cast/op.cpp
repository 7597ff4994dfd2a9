// Converts every element to the type named by attribute `to`. Floats become integers by truncation; what becomes of
// those that a narrow type can't hold say `saturate` and `round_mode` (base/narrow.h).
#include "engine/ops/cast/cast.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void cast_reference(const EvalContext&);
std::span<const Tactic> cast_tactics();

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("to", "");
  const DataType to = data_type_from(name);
  c.require(size_of(to) > 0 && to != DataType::string, "can't cast to '" + name + "'");
  c.require(size_of(c.dtype(0)) > 0 && c.dtype(0) != DataType::string,
            "can't cast from " + std::string(to_string(c.dtype(0))));
  try {
    (void)narrow_cast(c.attributes());
  } catch (const Error& error) {
    c.fail(error.what());
  }
  c.output(0, to, c.dims(0));
}

bool varying(VaryingContext& c) {
  const bool wide = c.output_type() == DataType::int64 || c.output_type() == DataType::int32;
  std::vector<Count> counts;
  if (c.has_counts(0) && wide && c.counts(0, counts)) c.output_counts(0, std::move(counts));
  c.output(0, c.axes(0), wide && c.positions(0));
  return true;
}

}  // namespace

extern const Operator cast_operator;
const Operator cast_operator{.name = "cast",
                             .infer = infer,
                             .reference = cast_reference,
                             .tactics = cast_tactics,
                             .axis_order = AxisOrder::free,
                             .keeps = KeptExtents::all,
                             .varying = varying};

}  // namespace vireo::ops
