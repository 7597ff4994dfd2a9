#pragma once
// What the shape rules of matmul_integer and conv_integer share. Any thread.

#include "engine/ops/shared/shape.h"

namespace vireo::ops {

[[nodiscard]] inline bool is_byte(DataType type) { return type == DataType::uint8 || type == DataType::int8; }

/// Inputs 0 and 1 are 8-bit integers, signed or not, each for itself; zero points (from input 2 on, where there are
/// any) have their operand's type and one element, or as many as `extents` says. kUnknown: not known yet.
void require_integer_operands(const InferContext& context, std::initializer_list<std::int64_t> extents);

}  // namespace vireo::ops
