// For each entry along `axis` (absent: for each element) which of the entries that `unique` finds it is equal to:
// int64, one axis.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void unique_inverse_reference(const EvalContext&);

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

}  // namespace

extern const Operator unique_inverse_operator;
const Operator unique_inverse_operator{.name = "unique_inverse", .infer = infer, .reference = unique_inverse_reference};

}  // namespace vireo::ops
