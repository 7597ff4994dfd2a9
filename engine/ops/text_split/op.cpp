// Texts cut into pieces at `delimiter` (empty: at blanks), `maxsplit` times at most (negative: as often as there are
// some), along a new last axis of the extent that input 1 says: texts of fewer pieces are followed by empty ones.
// text_count tells that extent.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void text_split_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  c.require(c.dtype(0) == DataType::string, "takes texts, found " + std::string(to_string(c.dtype(0))));
  c.require(is_integer(c.dtype(1)), "the number of pieces should be an integer");
  require_single(c, 1);
  Ints pieces{kUnknown};
  if (c.integers(1, pieces))
    c.require(pieces.size() == 1 && pieces[0] >= 0, "the number of pieces should be one integer of at least 0");
  Dims dims = c.dims(0);
  dims.push_back(pieces[0]);
  c.output(0, DataType::string, std::move(dims));
}

}  // namespace

extern const Operator text_split_operator;
const Operator text_split_operator{
    .name = "text_split", .min_inputs = 2, .max_inputs = 2, .infer = infer, .reference = text_split_reference};

}  // namespace vireo::ops
