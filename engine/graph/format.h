#pragma once
// What the elements of a tensor are and how they lie: what the tuner chooses for each tensor between two layers. A
// value; its text ("nhwc float32", "nchw int8 scale 0.05") is what reports and plans say. Any thread.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/api/types.h"

namespace vireo::graph {

/// Where the channels of a tensor of at least three axes stand: behind the batch, or last. Others have only nchw.
enum class Layout : std::uint8_t { nchw, nhwc };
[[nodiscard]] std::string_view to_string(Layout layout) noexcept;

struct Format {
  Layout layout = Layout::nchw;
  DataType dtype = DataType::float32;  ///< float32, bfloat16, float16 or int8
  double scale = 0;                    ///< of int8: what 1 stands for; of the others 0

  friend bool operator==(const Format&, const Format&) = default;
  friend std::partial_ordering operator<=>(const Format&, const Format&) = default;  ///< channels last come last
};

/// Bytes of one element.
[[nodiscard]] inline std::size_t element_bytes(const Format& format) noexcept { return size_of(format.dtype); }
[[nodiscard]] std::string to_string(const Format& format);
/// Inverse of to_string. Throws Error(invalid_argument) with what was found and what is accepted.
[[nodiscard]] Format format_from(std::string_view text);

}  // namespace vireo::graph
