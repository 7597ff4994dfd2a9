#include "engine/ops/shared/shape.h"

#include <algorithm>

namespace vireo::ops {

Attributes attributes(std::initializer_list<std::pair<std::string_view, AttributeValue>> values) {
  Attributes result;
  for (const auto& [name, value] : values) result.set(name, value);
  return result;
}

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

std::int64_t known_product(const Dims& dims, std::size_t first, std::size_t last) {
  std::int64_t n = 1;
  for (std::size_t i = first; i < last; ++i) {
    if (dims[i] == kUnknown) return kUnknown;
    n *= dims[i];
  }
  return n;
}

void require_rank(const InferContext& context, int index, int low, int high) {
  const int rank = context.rank(index);
  if (rank < low || rank > high)
    context.fail("input " + std::to_string(index) + " has rank " + std::to_string(rank) + ", accepted: " +
                 (low == high ? std::to_string(low) : "at least " + std::to_string(low)));
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

std::int64_t length_of(const InferContext& context, int index) {
  const Dims& dims = context.dims(index);
  context.require(dims.size() <= 1, "input " + std::to_string(index) + " must be a list of integers, has rank " +
                                        std::to_string(dims.size()));
  return dims.empty() ? 1 : dims[0];
}

}  // namespace vireo::ops
