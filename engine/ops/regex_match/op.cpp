// Whether the regular expression `pattern` (regex.h) matches each text as a whole.
#include "engine/ops/regex_match/regex.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void regex_match_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(0) == DataType::string, "takes texts, found " + std::string(to_string(c.dtype(0))));
  try {
    (void)Regex(c.attributes().text("pattern", ""));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported) throw;
    c.fail(error.what());
  }
  c.output(0, DataType::boolean, c.dims(0));
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator regex_match_operator;
const Operator regex_match_operator{.name = "regex_match",
                                    .infer = infer,
                                    .reference = regex_match_reference,
                                    .axis_order = AxisOrder::free,
                                    .keeps = KeptExtents::all,
                                    .varying = varying};

}  // namespace vireo::ops
