#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void size_reference(const EvalContext& c) { *c.outputs[0].as<std::int64_t>() = c.inputs[0].count(); }

}  // namespace vireo::ops
