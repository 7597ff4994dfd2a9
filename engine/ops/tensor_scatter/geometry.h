#pragma once
// Where the rows of an update go, for the reference and the kernel. Value types, any thread.

#include <cstdint>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

struct TensorScatter {
  std::int64_t outer = 1;               ///< products of the axes before `axis`
  std::int64_t per_batch = 1;           ///< of those, for each entry of the batch
  std::int64_t extent = 0, length = 0;  ///< of data and update along the axis
  std::size_t run = 0;                  ///< bytes of an entry of the axis
  bool circular = false, many = false;  ///< many: an index for each entry of the batch

  /// Where row `at` of the update goes, given the index of its entry of the batch; -1: outside.
  [[nodiscard]] std::int64_t place(std::int64_t index, std::int64_t at) const {
    if (circular) {
      const std::int64_t start = index % extent;
      return ((start < 0 ? start + extent : start) + at) % extent;
    }
    return index < 0 || index > extent - length ? -1 : index + at;
  }
};

[[nodiscard]] inline TensorScatter tensor_scatter_geometry(const Attributes& attributes, DataType type,
                                                           const Dims& data, const Dims& update, const Dims* indices) {
  const std::size_t axis = wrap_axis(attributes.integer("axis", -2), data.size());
  TensorScatter g;
  g.outer = product(data, 0, axis);
  g.per_batch = product(data, 1, axis);
  g.extent = data[axis];
  g.length = update[axis];
  g.run = static_cast<std::size_t>(product_from(data, axis + 1)) * size_of(type);
  g.circular = attributes.text("mode", "linear") == "circular";
  g.many = indices && indices->size() == 1 && indices->front() != 1;
  return g;
}

inline constexpr const char* kTensorScatterFault = "tensor_scatter: an update is written outside of the data";

}  // namespace vireo::ops
