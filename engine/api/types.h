#pragma once
// Value types of the public API: element types, dimensions, precision. Plain data, usable from any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/api/export.h"

namespace vireo {

/// Element type of a tensor. Values are stable (they are written into plan files).
enum class DataType : std::uint8_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,   ///< a 64-bit id of a text (text.h): moved and compared for equality like any number
  boolean = 9,  ///< one byte, 0 or 1
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  bfloat16 = 16,
  // Narrow types: one element a byte in memory, whatever a file makes of it. Operators convert them (Cast,
  // QuantizeLinear, DequantizeLinear) and move them, and compute nothing with them. A float is the bits of its format,
  // an integer its value.
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
};

/// Bytes of one element; 0 for undefined.
[[nodiscard]] VIREO_API std::size_t size_of(DataType type) noexcept;
/// "float32", "int64", ...
[[nodiscard]] VIREO_API std::string_view to_string(DataType type) noexcept;
/// Inverse of to_string; undefined when the name is unknown.
[[nodiscard]] VIREO_API DataType data_type_from(std::string_view name) noexcept;
/// Types that are computed with: no narrow one is among them.
[[nodiscard]] VIREO_API bool is_float(DataType type) noexcept;
[[nodiscard]] VIREO_API bool is_integer(DataType type) noexcept;  ///< signed or unsigned, not boolean
/// Floats of 8 bits and fewer, integers of fewer than 8.
[[nodiscard]] VIREO_API bool is_narrow(DataType type) noexcept;

/// Extents of a tensor, outermost first. A scalar has no extents. kUnknown (-1) marks an extent known only at run time.
using Dims = std::vector<std::int64_t>;
inline constexpr std::int64_t kUnknown = -1;

/// Product of the extents (1 for a scalar, 0 when an extent is 0). Throws Error(invalid_argument) when it does not fit
/// 63 bits or an extent is negative.
[[nodiscard]] VIREO_API std::int64_t element_count(const Dims& dims);
/// Bytes of a dense tensor. Throws like element_count, and when they do not fit 63 bits: sums with paddings and
/// alignments that are small compared to 2^63 can't overflow then.
[[nodiscard]] VIREO_API std::size_t byte_count(DataType type, const Dims& dims);
[[nodiscard]] VIREO_API bool is_static(const Dims& dims) noexcept;
/// "1x3x224x224"; unknown extents print as "?", a scalar as "scalar".
[[nodiscard]] VIREO_API std::string to_string(const Dims& dims);

/// Value of a layer's attribute.
using AttributeValue = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

/// Nine tenths of the machine's memory, in bytes.
[[nodiscard]] VIREO_API std::uint64_t most_memory() noexcept;

/// What a model may ask for, at import, build and load; beyond it is an Error that names the tensor or layer. 0: no
/// limit.
struct Limits {
  std::uint64_t max_tensor_bytes = std::uint64_t{8} << 30;  ///< one tensor, inputs and constants included
  std::uint64_t max_memory_bytes = most_memory();           ///< one context's activations, workspace and scratch
  double max_seconds = 0;                                   ///< of an import or a build; loading doesn't look at it
  std::uint64_t max_iterations = 0;                         ///< of a loop, in one run of it
};

enum class Precision : std::uint8_t { fp32, fp16, bf16, int8, best };
[[nodiscard]] VIREO_API std::string_view to_string(Precision precision) noexcept;

}  // namespace vireo
