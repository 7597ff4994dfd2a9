// Of each kind of entry along `axis` (absent: of element) where the first one is, int64: by value (`sorted`, the
// default), or as they come. The count inferred is the bound. unique_inverse tells which kind each entry is.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void unique_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  require_computable(c, 0);
  (void)c.attributes().integer("sorted", 1);  // of the right type
  c.require(size_of(c.dtype(0)) > 0, "takes numbers and booleans");
  if (!c.attributes().has("axis"))
    return c.output(0, DataType::int64, {known_product(c, c.dims(0), 0, c.dims(0).size())});
  const std::int64_t axis = c.axis(c.attributes().integer("axis", 0), c.rank(0));
  c.output(0, DataType::int64, {c.dims(0)[static_cast<std::size_t>(axis)]});
}

std::int64_t data_dependent_axis(const graph::Attributes&) { return 0; }

bool varying(VaryingContext& c) {
  c.output(0, {0}, true);
  return true;
}

}  // namespace

extern const Operator unique_operator;
const Operator unique_operator{.name = "unique",
                               .infer = infer,
                               .reference = unique_reference,
                               .data_dependent_axis = data_dependent_axis,
                               .varying = varying};

}  // namespace vireo::ops
