// The texts of input 0 (rank 1) that are none of input 1 (rank 1), in their order; one empty text where none is left.
// `case_sensitive`: 0 takes texts for equal that are so in lower case. The count inferred is the bound.
#include <algorithm>

#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void text_filter_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < 2; ++k) {
    c.require(c.dtype(k) == DataType::string, "takes texts, found " + std::string(to_string(c.dtype(k))));
    require_rank(c, k, 1, 1);
  }
  const std::int64_t count = c.dims(0)[0];
  c.output(0, DataType::string, {count == kUnknown ? count : std::max<std::int64_t>(count, 1)});
}

std::int64_t data_dependent_axis(const Attributes&) { return 0; }

bool varying(VaryingContext& c) {
  if (c.varies(0) || c.varies(1)) return false;
  c.output(0, {0});
  return true;
}

}  // namespace

extern const Operator text_filter_operator;
const Operator text_filter_operator{.name = "text_filter",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .infer = infer,
                                    .reference = text_filter_reference,
                                    .data_dependent_axis = data_dependent_axis,
                                    .varying = varying};

}  // namespace vireo::ops
