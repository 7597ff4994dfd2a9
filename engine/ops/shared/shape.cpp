#include "engine/ops/shared/shape.h"

#include <algorithm>

namespace vireo::ops {

void infer_same(InferContext& context) { context.output(0, context.dtype(0), context.dims(0)); }

Dims broadcast(const InferContext& context, const Dims& a, const Dims& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Dims out(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t x = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const std::int64_t y = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (x == y || y == 1) out[i] = x;
    else if (x == 1) out[i] = y;
    else if (x == kUnknown) out[i] = y;
    else if (y == kUnknown) out[i] = x;
    else context.fail("shapes " + to_string(a) + " and " + to_string(b) + " can't be broadcast to each other");
  }
  return out;
}

void require_broadcast_to(const InferContext& context, int index, const Dims& dims) {
  const Dims& own = context.dims(index);
  bool fits = own.size() <= dims.size();
  for (std::size_t i = 0; fits && i < own.size(); ++i) {
    const std::int64_t whole = dims[dims.size() - own.size() + i];
    fits = own[i] == 1 || own[i] == whole || own[i] == kUnknown || whole == kUnknown;
  }
  if (!fits)
    context.fail("input " + std::to_string(index) + " of " + to_string(own) + " can't be broadcast to " +
                 to_string(dims));
}

std::int64_t checked_add(const InferContext& context, std::int64_t a, std::int64_t b, const char* what) {
  if (a == kUnknown || b == kUnknown) return kUnknown;
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    context.fail(std::string(what) + ": " + std::to_string(a) + " + " + std::to_string(b) +
                 " is more than 63 bits hold");
  return sum;
}

std::int64_t checked_mul(const InferContext& context, std::int64_t a, std::int64_t b, const char* what) {
  if (a == kUnknown || b == kUnknown) return kUnknown;
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product))
    context.fail(std::string(what) + ": " + std::to_string(a) + " * " + std::to_string(b) +
                 " is more than 63 bits hold");
  return product;
}

std::int64_t known_product(const InferContext& context, const Dims& dims, std::size_t first, std::size_t last) {
  const Dims part(dims.begin() + static_cast<std::ptrdiff_t>(first), dims.begin() + static_cast<std::ptrdiff_t>(last));
  if (!is_static(part)) return kUnknown;
  if (std::find(part.begin(), part.end(), 0) != part.end()) return 0;
  std::int64_t n = 1;
  for (const std::int64_t extent : part) n = checked_mul(context, n, extent, "the product of the extents");
  return n;
}

void require_rank(const InferContext& context, int index, int low, int high) {
  const int rank = context.rank(index);
  if (rank < low || rank > high)
    context.fail("input " + std::to_string(index) + " has rank " + std::to_string(rank) +
                 ", accepted: " + (low == high ? std::to_string(low) : "at least " + std::to_string(low)));
}

void require_extent(const InferContext& context, int index, std::size_t axis, std::int64_t extent, const char* why) {
  const Dims& dims = context.dims(index);
  if (axis >= dims.size()) context.fail("input " + std::to_string(index) + " has too few axes: " + why);
  if (dims[axis] != kUnknown && extent != kUnknown && dims[axis] != extent)
    context.fail("extent " + std::to_string(axis) + " of input " + std::to_string(index) + " is " +
                 std::to_string(dims[axis]) + ", expected " + std::to_string(extent) + ": " + why);
}

void require_float(const InferContext& context, int index) {
  if (!is_float(context.dtype(index)))
    context.fail("input " + std::to_string(index) + " is " + std::string(to_string(context.dtype(index))) +
                 ", accepted: floating-point types");
}

void require_computable(const InferContext& context, int index) {
  if (context.dtype(index) == DataType::string)
    context.fail("input " + std::to_string(index) + " is " + std::string(to_string(context.dtype(index))) +
                 ", a type that is moved and compared for being equal only");
  if (is_narrow(context.dtype(index)))
    context.fail("input " + std::to_string(index) + " is " + std::string(to_string(context.dtype(index))) +
                 ", a type that is converted and moved only; cast it first");
}

void require_single(const InferContext& context, int index) {
  if (!context.has_input(index)) return;
  for (const std::int64_t extent : context.dims(index))
    if (extent != 1 && extent != kUnknown)
      context.fail("input " + std::to_string(index) + " must be one value, is " + to_string(context.dims(index)));
}

void require_same_type(const InferContext& context, int index) {
  if (context.has_input(index) && context.dtype(index) != context.dtype(0))
    context.fail("input " + std::to_string(index) + " is " + std::string(to_string(context.dtype(index))) +
                 ", accepted: the type of input 0, " + std::string(to_string(context.dtype(0))));
}

std::int64_t length_of(const InferContext& context, int index) {
  const Dims& dims = context.dims(index);
  context.require(dims.size() <= 1, "input " + std::to_string(index) + " must be a list of integers, has rank " +
                                        std::to_string(dims.size()));
  const std::int64_t length = dims.empty() ? 1 : dims[0];
  context.require(length <= kMostAxes, "input " + std::to_string(index) + " speaks of " + std::to_string(length) +
                                           " axes, accepted: up to " + std::to_string(kMostAxes));
  return length;
}

std::string refuse_extents(const Problem& problem) {
  constexpr std::int64_t most = std::int64_t{1} << 44;
  for (const auto* list : {&problem.inputs, &problem.outputs})
    for (const graph::Desc& desc : *list) {
      if (!desc.present()) continue;
      for (const std::int64_t extent : desc.dims)
        if (extent > most) return "an extent is larger than any memory";
      if (desc.pitch > most || desc.count() > most) return "a tensor is larger than any memory";
    }
  return {};
}

}  // namespace vireo::ops
