#include "engine/api/types.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>

#include "engine/base/text.h"

namespace vireo {
namespace {
struct Row {
  DataType type;
  std::string_view name;
  std::size_t size;
};
constexpr std::array<Row, 25> kTypes{{{DataType::undefined, "undefined", 0},
                                      {DataType::float32, "float32", 4},
                                      {DataType::uint8, "uint8", 1},
                                      {DataType::int8, "int8", 1},
                                      {DataType::uint16, "uint16", 2},
                                      {DataType::int16, "int16", 2},
                                      {DataType::int32, "int32", 4},
                                      {DataType::int64, "int64", 8},
                                      {DataType::string, "string", 8},
                                      {DataType::boolean, "boolean", 1},
                                      {DataType::float16, "float16", 2},
                                      {DataType::float64, "float64", 8},
                                      {DataType::uint32, "uint32", 4},
                                      {DataType::uint64, "uint64", 8},
                                      {DataType::bfloat16, "bfloat16", 2},
                                      {DataType::float8e4m3fn, "float8e4m3fn", 1},
                                      {DataType::float8e4m3fnuz, "float8e4m3fnuz", 1},
                                      {DataType::float8e5m2, "float8e5m2", 1},
                                      {DataType::float8e5m2fnuz, "float8e5m2fnuz", 1},
                                      {DataType::uint4, "uint4", 1},
                                      {DataType::int4, "int4", 1},
                                      {DataType::float4e2m1, "float4e2m1", 1},
                                      {DataType::float8e8m0, "float8e8m0", 1},
                                      {DataType::uint2, "uint2", 1},
                                      {DataType::int2, "int2", 1}}};
}  // namespace

std::size_t size_of(DataType type) noexcept {
  for (const Row& row : kTypes)
    if (row.type == type) return row.size;
  return 0;
}

std::string_view to_string(DataType type) noexcept {
  for (const Row& row : kTypes)
    if (row.type == type) return row.name;
  return "unknown";
}

DataType data_type_from(std::string_view name) noexcept {
  for (const Row& row : kTypes)
    if (row.name == name) return row.type;
  return DataType::undefined;
}

bool is_float(DataType type) noexcept {
  return type == DataType::float32 || type == DataType::float16 || type == DataType::float64 ||
         type == DataType::bfloat16;
}

bool is_integer(DataType type) noexcept {
  switch (type) {
    case DataType::uint8:
    case DataType::int8:
    case DataType::uint16:
    case DataType::int16:
    case DataType::int32:
    case DataType::int64:
    case DataType::uint32:
    case DataType::uint64: return true;
    default: return false;
  }
}

bool is_narrow(DataType type) noexcept { return type >= DataType::float8e4m3fn && type <= DataType::int2; }

std::int64_t element_count(const Dims& dims) {
  std::int64_t count = 1;
  bool overflow = false, empty = false;
  for (std::int64_t extent : dims) {
    if (extent < 0) base::fail(ErrorCode::invalid_argument, "a tensor of ", dims, " has no known number of elements");
    if (extent == 0) empty = true;
    else if (__builtin_mul_overflow(count, extent, &count)) overflow = true;
  }
  if (empty) return 0;
  if (overflow) base::fail(ErrorCode::invalid_argument, "a tensor of ", dims, " has more elements than 63 bits count");
  return count;
}

std::size_t byte_count(DataType type, const Dims& dims) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(element_count(dims)), size_of(type), &bytes) ||
      bytes > static_cast<std::size_t>(INT64_MAX))
    base::fail(ErrorCode::invalid_argument, "a tensor of ", dims, " ", type, " has more bytes than 63 bits count");
  return bytes;
}

std::uint64_t most_memory() noexcept {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page <= 0) return 0;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) / 10 * 9;
}

bool is_static(const Dims& dims) noexcept {
  for (std::int64_t extent : dims)
    if (extent < 0) return false;
  return true;
}

std::string to_string(const Dims& dims) {
  if (dims.empty()) return "scalar";
  std::string text;
  for (std::int64_t extent : dims) {
    if (!text.empty()) text += 'x';
    text += extent < 0 ? "?" : std::to_string(extent);
  }
  return text;
}

std::string_view to_string(Precision precision) noexcept {
  switch (precision) {
    case Precision::fp32: return "fp32";
    case Precision::fp16: return "fp16";
    case Precision::bf16: return "bf16";
    case Precision::int8: return "int8";
    case Precision::best: return "best";
  }
  return "unknown";
}

namespace base {
void append(std::string& out, double value) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, value);
  out.append(text, result.ptr);
}
void append(std::string& out, long long value) { out += std::to_string(value); }
void append(std::string& out, unsigned long long value) { out += std::to_string(value); }

std::string human_bytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  int unit = 0;
  while (bytes >= 1000 && unit < 4) bytes /= 1000, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text;
}
}  // namespace base
}  // namespace vireo
