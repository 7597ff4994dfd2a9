#pragma once
// The .cl files of engine/ops as the build put them into the library. Any thread.

#include <span>
#include <string_view>

namespace vireo::ops {

struct OpenclSource {
  std::string_view path;  ///< from engine/ops: "conv/direct.cl"
  std::string_view text;
};
[[nodiscard]] std::span<const OpenclSource> opencl_sources();

}  // namespace vireo::ops
