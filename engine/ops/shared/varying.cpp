#include "engine/ops/shared/varying.h"

#include <algorithm>

namespace vireo::ops {

bool VaryingShape::join(const VaryingContext& c, int input, std::size_t skip) {
  const std::size_t rank = c.rank(input) - std::min(skip, c.rank(input));
  if (rank > axes_.size()) return false;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t o = axes_.size() - rank + i;
    const int number = c.axes(input)[i];
    const std::int64_t extent = c.dims(input)[i];
    if (number == 0 && extent == 1) continue;
    if (number == 0 && extent == kUnknown) return false;
    // An extent that varies can be 1 and then be repeated, but that is another computation.
    if (axes_[o] != 0 ? axes_[o] != number : extents_[o] != 1 && (number != 0 || extents_[o] != extent)) return false;
    axes_[o] = number;
    extents_[o] = extent;
  }
  return true;
}

bool varying_elementwise(VaryingContext& c) {
  std::size_t rank = 0;
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) rank = std::max(rank, c.rank(k));
  VaryingShape shape(rank);
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k) && !shape.join(c, k)) return false;
  c.output(0, shape.axes());
  return true;
}

bool fixed_from(const VaryingContext& c, int first) {
  for (int k = first; k < c.input_count(); ++k)
    if (c.varies(k)) return false;
  return true;
}

bool varying_but_axis(VaryingContext& c, std::size_t axis) {
  if (!fixed_from(c, 1) || c.axes(0)[axis] != 0) return false;
  for (int k = 0; k < c.output_count(); ++k) c.output(k, c.axes(0));
  return true;
}

bool varying_before_axis(VaryingContext& c) {
  const std::size_t rank = c.rank(0), axis = VaryingContext::wrap(c.attributes().integer("axis", -1), rank);
  for (std::size_t i = axis; i < rank; ++i)
    if (c.axes(0)[i] != 0) return false;
  return rank > 0 && varying_but_axis(c, axis);
}

bool varying_batch(VaryingContext& c) {
  if (!fixed_from(c, 1) || c.rank(0) == 0) return false;
  if (std::any_of(c.axes(0).begin() + 1, c.axes(0).end(), [](int number) { return number != 0; })) return false;
  for (int k = 0; k < c.output_count(); ++k) {
    std::vector<int> axes(c.output_rank(k), 0);
    if (axes.empty()) return false;
    axes[0] = c.axes(0)[0];
    c.output(k, std::move(axes));
  }
  return true;
}

namespace {

/// The varying extents in their order, and the products of the fixed ones before, between and behind them: what a
/// reshape must leave as it is.
struct Factors {
  std::vector<int> numbers;
  std::vector<std::int64_t> products{1};
  void add(std::int64_t extent, int number) {
    if (number == 0) {
      products.back() *= extent;
      return;
    }
    numbers.push_back(number);
    products.push_back(1);
  }
  friend bool operator==(const Factors&, const Factors&) = default;
};

}  // namespace

bool varying_reshape(VaryingContext& c, std::vector<Count> target) {
  Factors before;
  std::vector<int> missing;
  std::int64_t fixed = 1;
  for (std::size_t i = 0; i < c.rank(0); ++i) {
    const int number = c.axes(0)[i];
    if (number == 0 && c.dims(0)[i] <= 0) return false;
    before.add(c.dims(0)[i], number);
    if (number == 0) fixed *= c.dims(0)[i];
    else missing.push_back(number);
  }
  std::int64_t placed = 1;
  for (const Count& count : target) {
    const auto found = std::find(missing.begin(), missing.end(), count.varying);
    if (count.varying != 0 && found == missing.end()) return false;
    if (count.varying != 0) missing.erase(found);
    else if (count.number == 0) return false;
    else if (count.number > 0) placed *= count.number;
  }
  Factors after;
  Dims dims;
  std::vector<int> axes;
  for (Count& count : target) {
    if (count.varying == 0 && count.number == -1) {
      if (missing.size() > 1 || fixed % placed != 0 || (missing.size() == 1 && fixed != placed)) return false;
      count = missing.empty() ? Count{fixed / placed, 0} : Count{0, missing[0]};
      missing.clear();
    }
    after.add(count.number, count.varying);
    dims.push_back(count.varying ? kUnknown : count.number);
    axes.push_back(count.varying);
  }
  if (!missing.empty() || before != after) return false;
  c.output(0, std::move(axes), c.positions(0));
  c.output_dims(0, std::move(dims));
  return true;
}

}  // namespace vireo::ops
