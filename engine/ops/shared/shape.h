#pragma once
// What the shape rules of the operators share. Free functions; any thread.

#include <initializer_list>
#include <string_view>
#include <utility>

#include "engine/graph/operator.h"

namespace vireo::ops {

using graph::Attributes;
using graph::AxisOrder;
using graph::CpuLaunch;
using graph::EvalContext;
using graph::InferContext;
using graph::KeptExtents;
using graph::Launch;
using graph::Operator;
using graph::Parts;
using graph::Problem;
using graph::Tactic;
using graph::TileArgs;
using graph::View;
using Ints = std::vector<std::int64_t>;
using Reals = std::vector<double>;

/// Output 0 has the type and shape of input 0.
void infer_same(InferContext& context);
/// numpy broadcasting of two shapes that may have unknown extents; fails when they don't fit.
[[nodiscard]] Dims broadcast(const InferContext& context, const Dims& a, const Dims& b);
/// Fails unless input `index` can be broadcast to a tensor of `dims` without enlarging it.
void require_broadcast_to(const InferContext& context, int index, const Dims& dims);
/// Sum and product of extents (not of differences: -1 is kUnknown); kUnknown when one is unknown. Fail when 63 bits
/// don't hold the value of `what`.
[[nodiscard]] std::int64_t checked_add(const InferContext& context, std::int64_t a, std::int64_t b, const char* what);
[[nodiscard]] std::int64_t checked_mul(const InferContext& context, std::int64_t a, std::int64_t b, const char* what);
/// Product of extents [first, last), kUnknown when one is unknown; fails when 63 bits don't hold it.
[[nodiscard]] std::int64_t known_product(const InferContext& context, const Dims& dims, std::size_t first,
                                         std::size_t last);
/// Fails unless input `index` has rank between low and high.
void require_rank(const InferContext& context, int index, int low, int high = 1 << 20);
/// Fails unless the extents can be equal.
void require_extent(const InferContext& context, int index, std::size_t axis, std::int64_t extent, const char* why);
void require_float(const InferContext& context, int index);
/// Fails where input `index` is of texts or of a narrow type: those are moved, compared for being equal or converted,
/// and computed with by no operator.
void require_computable(const InferContext& context, int index);
/// Fails unless input `index`, where there is one, may hold exactly one element.
void require_single(const InferContext& context, int index);
/// Fails unless input `index`, where there is one, has the type of input 0.
void require_same_type(const InferContext& context, int index);
/// Input `index` holds integers, one for each of some axes: their count when known, else kUnknown. Fails when it is
/// more than kMostAxes.
inline constexpr std::int64_t kMostAxes = 1024;
[[nodiscard]] std::int64_t length_of(const InferContext& context, int index);

/// For refusals of tactics that plan by arithmetic on extents: why that would overflow, or lay out more panels than any
/// memory holds; empty for every problem whose tensors memory can hold.
[[nodiscard]] std::string refuse_extents(const Problem& problem);
/// The most columns that a product may have to be cut into panels, also the most products of a batch to be listed one
/// by one; and the most terms of one sum.
inline constexpr std::int64_t kMostColumns = std::int64_t{1} << 24;
inline constexpr std::int64_t kMostDepth = std::int64_t{1} << 28;

}  // namespace vireo::ops
