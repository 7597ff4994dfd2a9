#pragma once
// What the references of the operators share: 16-bit floats, dispatch on the element type, strides, broadcasting, and
// a walk over all indices of a shape. Clarity before speed. Free functions; any thread.

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/api/error.h"
#include "engine/graph/operator.h"

namespace vireo::ops {

using graph::Attributes;
using graph::EvalContext;
using graph::View;

/// Half precision in memory; computes as float (engine/api/half.h).
struct Half {
  std::uint16_t bits = 0;
  Half() = default;
  Half(float value);  // NOLINT: implicit on purpose
  operator float() const;
};

/// bfloat16 in memory; computes as float.
struct BFloat {
  std::uint16_t bits = 0;
  BFloat() = default;
  BFloat(float value);  // NOLINT: implicit on purpose
  operator float() const;
};

template <typename T>
inline constexpr bool kIsReal =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat>;

/// What a sum of T is kept in.
template <typename T>
using Wide = std::conditional_t<kIsReal<T>, double,
                                std::conditional_t<std::is_same_v<T, std::uint64_t>, std::uint64_t, std::int64_t>>;

template <typename T>
struct Tag {
  using type = T;
};

[[noreturn]] void unsupported_type(DataType type);

/// Calls f(Tag<T>) for the C++ type of a floating-point element type; throws Error(unsupported) for others.
template <typename F>
void dispatch_real(DataType type, F&& f) {
  switch (type) {
    case DataType::float32: return f(Tag<float>{});
    case DataType::float64: return f(Tag<double>{});
    case DataType::float16: return f(Tag<Half>{});
    case DataType::bfloat16: return f(Tag<BFloat>{});
    default: unsupported_type(type);
  }
}

/// The same for integers.
template <typename F>
void dispatch_integer(DataType type, F&& f) {
  switch (type) {
    case DataType::int8: return f(Tag<std::int8_t>{});
    case DataType::int16: return f(Tag<std::int16_t>{});
    case DataType::int32: return f(Tag<std::int32_t>{});
    case DataType::int64: return f(Tag<std::int64_t>{});
    case DataType::uint8: return f(Tag<std::uint8_t>{});
    case DataType::uint16: return f(Tag<std::uint16_t>{});
    case DataType::uint32: return f(Tag<std::uint32_t>{});
    case DataType::uint64: return f(Tag<std::uint64_t>{});
    default: unsupported_type(type);
  }
}

/// The same for every number.
template <typename F>
void dispatch_number(DataType type, F&& f) {
  if (is_float(type)) return dispatch_real(type, f);
  dispatch_integer(type, f);
}

/// The same for every number and booleans.
template <typename F>
void dispatch_any(DataType type, F&& f) {
  if (type == DataType::boolean) return f(Tag<bool>{});
  dispatch_number(type, f);
}

/// For data movement: calls f(Tag<unsigned integer of that many bytes>).
template <typename F>
void dispatch_bytes(DataType type, F&& f) {
  switch (size_of(type)) {
    case 1: return f(Tag<std::uint8_t>{});
    case 2: return f(Tag<std::uint16_t>{});
    case 4: return f(Tag<std::uint32_t>{});
    case 8: return f(Tag<std::uint64_t>{});
    default: unsupported_type(type);
  }
}

/// The type whose elements move as those of `type` do: of narrow ones the byte that holds them, of texts their ids.
[[nodiscard]] constexpr DataType moved_as(DataType type) {
  if (type == DataType::string) return DataType::uint64;
  return type >= DataType::float8e4m3fn ? DataType::uint8 : type;
}

/// Integers wrap around, as those of tensors do; reals are what they are.
template <typename W>
[[nodiscard]] W wrapping_add(W a, W b) {
  if constexpr (std::is_integral_v<W>)
    return static_cast<W>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  else return a + b;
}
template <typename W>
[[nodiscard]] W wrapping_mul(W a, W b) {
  if constexpr (std::is_integral_v<W>)
    return static_cast<W>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  else return a * b;
}

/// Row-major strides, in elements. Products of extents wrap around: only an empty tensor's can be that large.
[[nodiscard]] Dims strides_of(const Dims& dims);
/// The same where innermost rows are `pitch` elements apart.
[[nodiscard]] Dims strides_of(const Dims& dims, std::int64_t pitch);
/// Strides of a tensor of `dims` seen as one of `out` by numpy broadcasting: 0 along repeated axes. `own`: the strides
/// that it has; those of a dense one if not given.
[[nodiscard]] Dims broadcast_strides(const Dims& dims, const Dims& out);
[[nodiscard]] Dims broadcast_strides(const Dims& dims, const Dims& own, const Dims& out);
/// Product of extents [first, last).
[[nodiscard]] std::int64_t product(const Dims& dims, std::size_t first, std::size_t last);
[[nodiscard]] inline std::int64_t product_from(const Dims& dims, std::size_t first) {
  return product(dims, first, dims.size());
}
/// axis in [-rank, rank) → [0, rank), throws otherwise.
[[nodiscard]] std::size_t wrap_axis(std::int64_t axis, std::size_t rank);

/// Elements of a small tensor as integers / reals, whatever number type it has. Empty for an absent one.
[[nodiscard]] std::vector<std::int64_t> read_integers(const View& view);
[[nodiscard]] std::vector<double> read_reals(const View& view);
[[nodiscard]] inline bool has_input(const EvalContext& c, std::size_t k) {
  return k < c.inputs.size() && c.inputs[k].present();
}
[[nodiscard]] inline bool has_output(const EvalContext& c, std::size_t k) {
  return k < c.outputs.size() && c.outputs[k].present();
}
/// All elements as double (weights and small inputs of composite references); narrow ones too, as are those written.
[[nodiscard]] std::vector<double> to_doubles(const View& view);
/// Writes doubles into a view of any number type.
void from_doubles(const std::vector<double>& values, const View& view);
/// Bytes of the elements from input to output, both dense and of equal count and type; nothing when they share memory.
void copy_elements(const View& from, const View& to);

/// Calls f(offsets) for every index of `dims` in row-major order; offsets[k] follows strides[k].
template <std::size_t K, typename F>
void walk(const Dims& dims, const std::array<Dims, K>& strides, F&& f) {
  for (std::int64_t extent : dims)
    if (extent == 0) return;
  std::array<std::int64_t, K> offsets{};
  Dims index(dims.size(), 0);
  for (;;) {
    f(offsets);
    std::size_t axis = dims.size();
    for (;;) {
      if (axis == 0) return;
      --axis;
      if (++index[axis] < dims[axis]) {
        for (std::size_t k = 0; k < K; ++k) offsets[k] += strides[k][axis];
        break;
      }
      for (std::size_t k = 0; k < K; ++k) offsets[k] -= strides[k][axis] * (dims[axis] - 1);
      index[axis] = 0;
    }
  }
}

/// The same with the index itself: f(index).
template <typename F>
void walk_index(const Dims& dims, F&& f) {
  for (std::int64_t extent : dims)
    if (extent == 0) return;
  Dims index(dims.size(), 0);
  for (;;) {
    f(static_cast<const Dims&>(index));
    std::size_t axis = dims.size();
    for (;;) {
      if (axis == 0) return;
      --axis;
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
}

}  // namespace vireo::ops
