#pragma once
// Immutable tensor data known at build time: weights, folded values, shapes. Shared between graphs, plans and engines.
// The bytes may belong to a mapped file. 64-byte alignment is usual but not promised.

#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "engine/api/error.h"
#include "engine/api/types.h"

namespace vireo::graph {

struct Constant {
  DataType dtype = DataType::undefined;
  Dims dims;
  std::shared_ptr<const std::byte> data;  ///< element_count(dims) * size_of(dtype) bytes

  [[nodiscard]] std::int64_t count() const { return element_count(dims); }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(count()) * size_of(dtype); }
  template <typename T>
  [[nodiscard]] const T* as() const noexcept {
    return reinterpret_cast<const T*>(data.get());
  }
};
using ConstantPtr = std::shared_ptr<const Constant>;

/// Fresh zero-filled data to be written before it is shared. 64-byte aligned.
struct MutableConstant {
  std::shared_ptr<Constant> constant;
  std::byte* data = nullptr;
  template <typename T>
  [[nodiscard]] T* as() const noexcept {
    return reinterpret_cast<T*>(data);
  }
};
[[nodiscard]] MutableConstant new_constant(DataType dtype, const Dims& dims);
[[nodiscard]] ConstantPtr make_constant(DataType dtype, const Dims& dims, const void* data, std::size_t bytes);
[[nodiscard]] ConstantPtr make_constant(const std::vector<float>& values, const Dims& dims);
[[nodiscard]] ConstantPtr make_constant(const std::vector<std::int64_t>& values);  ///< rank 1

/// The values as int64 / double, whatever integer, boolean or float type they have. Throws Error for others.
[[nodiscard]] std::vector<std::int64_t> to_integers(const Constant& constant);
[[nodiscard]] std::vector<double> to_reals(const Constant& constant);

}  // namespace vireo::graph
