#pragma once
// What the shape rules and cases of the operators share. Free functions; any thread.

#include <initializer_list>
#include <string_view>
#include <utility>

#include "engine/graph/operator.h"

namespace vireo::ops {

using graph::Arithmetic;
using graph::Attributes;
using graph::Case;
using graph::EvalContext;
using graph::InferContext;
using graph::Launch;
using graph::Operator;
using graph::Problem;
using graph::Tactic;
using graph::TileArgs;
using graph::View;
using Ints = std::vector<std::int64_t>;
using Reals = std::vector<double>;

/// Attributes from a list, for cases.
[[nodiscard]] Attributes attributes(std::initializer_list<std::pair<std::string_view, AttributeValue>> values);

/// Output 0 has the type and shape of input 0.
void infer_same(InferContext& context);
/// numpy broadcasting of two shapes that may have unknown extents; fails when they don't fit.
[[nodiscard]] Dims broadcast(const InferContext& context, const Dims& a, const Dims& b);
/// Fails unless input `index` can be broadcast to a tensor of `dims` without enlarging it.
void require_broadcast_to(const InferContext& context, int index, const Dims& dims);
/// Product of extents [first, last), kUnknown when one is unknown.
[[nodiscard]] std::int64_t known_product(const Dims& dims, std::size_t first, std::size_t last);
/// Fails unless input `index` has rank between low and high.
void require_rank(const InferContext& context, int index, int low, int high = 1 << 20);
/// Fails unless the extents can be equal.
void require_extent(const InferContext& context, int index, std::size_t axis, std::int64_t extent, const char* why);
void require_float(const InferContext& context, int index);
/// Input `index` holds integers that give a shape: their count when known, else kUnknown.
[[nodiscard]] std::int64_t length_of(const InferContext& context, int index);

}  // namespace vireo::ops
