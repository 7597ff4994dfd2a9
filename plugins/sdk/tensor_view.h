#pragma once
// One image's part of an output tensor, borrowed and row-major. Valid only during the call that receives it.

#include <cstddef>
#include <string_view>

#include "engine/api/types.h"

namespace vireo::sdk {

struct TensorView {
  std::string_view name;
  DataType dtype = DataType::float32;
  Dims dims;  ///< as the network's output; the batch extent is that of one image
  const void* data = nullptr;

  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return static_cast<const T*>(data);
  }
};

/// Image `index` of a tensor that holds `batch` images along its first axis. A tensor without a batch axis (one whose
/// first extent `batch` does not divide) throws Error(invalid_argument) unless batch is 1.
[[nodiscard]] TensorView slice_batch(const TensorView& tensor, std::int64_t index, std::int64_t batch);

}  // namespace vireo::sdk
