#pragma once
// One image's part of an output tensor, borrowed and row-major. Valid only during the call that receives it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/api/types.h"

namespace vireo::sdk {

struct TensorView {
  std::string_view name;
  DataType dtype = DataType::float32;
  Dims dims;  ///< as the network's output; the batch extent is that of one image
  const void* data = nullptr;
  /// Where only some cells of the output are here (CellFilter, decoder.h): their numbers, ascending, one for each row
  /// or column. Null: all are.
  const std::int32_t* cells = nullptr;
  std::int64_t all_cells = 0;  ///< how many the output has, where only some are here

  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return static_cast<const T*>(data);
  }
};

/// Image `index` of a tensor that holds `batch` images along its first axis. A tensor without a batch axis (one whose
/// first extent `batch` does not divide) throws Error(invalid_argument) unless batch is 1.
[[nodiscard]] TensorView slice_batch(const TensorView& tensor, std::int64_t index, std::int64_t batch);

}  // namespace vireo::sdk
