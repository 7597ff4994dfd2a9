#pragma once
// Which scale and zero point belong to an element: one for all, one for each entry of an axis, or one for each block of
// `block_size` entries along it. Plain values; any thread.

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

struct QuantizationGroups {
  std::int64_t extent = 1, inner = 1, groups = 1, block = 1;

  QuantizationGroups(const Attributes& attributes, const Dims& dims, const Dims& scale) {
    if (scale.empty() || element_count(scale) == 1) {
      inner = extent = INT64_MAX;
      return;
    }
    const std::size_t axis = wrap_axis(attributes.integer("axis", 1), dims.size());
    extent = dims[axis];
    inner = product_from(dims, axis + 1);
    block = attributes.integer("block_size", 0);
    blocked_ = block > 0 && scale.size() == dims.size();
    if (!blocked_) block = 1;
    groups = blocked_ ? scale[axis] : extent;
    Dims expected{extent};
    if (blocked_) {
      expected = dims;
      expected[axis] = extent == 0 ? 0 : (extent - 1) / block + 1;
    }
    if (scale != expected)
      throw Error(ErrorCode::invalid_model,
                  "the scale is " + to_string(scale) + ", accepted: one value or " + to_string(expected));
  }
  [[nodiscard]] std::size_t of(std::int64_t i) const {
    if (inner == INT64_MAX) return 0;
    const std::int64_t group = i / inner % extent / block;
    return static_cast<std::size_t>(blocked_ ? (i / inner / extent * groups + group) * inner + i % inner : group);
  }

 private:
  bool blocked_ = false;
};

}  // namespace vireo::ops
