#pragma once
// The reference of operators that tell their outputs' extents as they compute them (Operator::evaluate_open), for
// outputs whose extents are known already. Any thread.

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::ops {

template <auto evaluate_open>
void reference_of_open(const graph::EvalContext& c) {
  evaluate_open(c.attributes, c.inputs, [&](std::size_t k, const Dims& dims) -> void* {
    const graph::View& output = c.outputs[k];
    if (dims != output.dims)
      base::fail(ErrorCode::invalid_model, "output ", k, " comes out as ", dims, " instead of ", output.dims);
    return output.data;
  });
}

}  // namespace vireo::ops
