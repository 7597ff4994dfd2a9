#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void bit_cast_reference(const EvalContext& c) { copy_elements(c.inputs[0], c.outputs[0]); }

}  // namespace vireo::ops
