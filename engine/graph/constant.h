#pragma once
// Immutable tensor data known at build time: weights, folded values, shapes. Shared between graphs, plans and engines.
// The bytes may belong to a mapped file; those are checked when they are first read, so that weights that are never
// read cost nothing. 64-byte alignment is usual but not promised.

#include <atomic>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/api/error.h"
#include "engine/api/types.h"

namespace vireo::graph {

/// What a file says about bytes that may not have been read yet.
struct Seal {
  std::uint64_t checksum = 0;
  std::string where;  ///< for errors: which file, which weight
  mutable std::atomic<bool> checked{false};
};

struct Constant {
  DataType dtype = DataType::undefined;
  Dims dims;
  std::shared_ptr<const std::byte> data;  ///< byte_count(dtype, dims) bytes; to be read through read() and as(). Null
                                          ///< with a seal: left out of a plan that was stripped
  std::shared_ptr<const Seal> seal;       ///< set: bytes of a file

  [[nodiscard]] std::int64_t count() const { return element_count(dims); }
  [[nodiscard]] std::size_t bytes() const { return byte_count(dtype, dims); }
  /// The bytes, checked. Throws Error(invalid_model) naming the file when they are not what was written, and
  /// Error(unsupported) when they were left out.
  [[nodiscard]] const std::byte* read() const {
    if (seal && !seal->checked.load(std::memory_order_acquire)) check();
    return data.get();
  }
  template <typename T>
  [[nodiscard]] const T* as() const {
    return reinterpret_cast<const T*>(read());
  }
  /// Identifies the bytes, wherever they are: equal for equal bytes.
  [[nodiscard]] std::uint64_t checksum() const;
  /// Says that the bytes will not be read for a while: those of a file leave memory until they are.
  void release() const noexcept;

 private:
  void check() const;
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
