#include "engine/device/opencl/tensor_map.h"

#include "engine/base/text.h"

namespace vireo::device::opencl {

std::array<std::uint32_t, kMapBytes / 4> encode(const TensorMap& map, std::uint64_t address) {
  std::array<std::uint32_t, kMapBytes / 4> words{};
  const auto rank = static_cast<std::uint32_t>(map.dims.size());
  constexpr std::uint32_t kFloat16 = 6, kSwizzle128 = 3, kPromote256 = 3, kElement = 2;
  if (address % 16 != 0) base::fail(ErrorCode::internal, "a tensor map at ", address, ", which is no multiple of 16");
  words[0] = static_cast<std::uint32_t>(address);
  words[1] = static_cast<std::uint32_t>(address >> 32);
  words[2] = (map.im2col ? 1u : 0u) | ((rank - 1) << 4) | (kFloat16 << 7) | (kSwizzle128 << 13) | (kPromote256 << 17);
  for (std::size_t i = 0; i < map.strides.size(); ++i) {
    const std::uint64_t stride = map.strides[i];
    if (stride % 16 != 0) base::fail(ErrorCode::internal, "a tensor map's stride of ", stride, " bytes");
    words[3 + i] = static_cast<std::uint32_t>(stride >> 4);
    words[7] |= static_cast<std::uint32_t>((stride >> 36) & 15u) << (4 * i);
  }
  for (std::uint32_t i = 0; i < rank; ++i) {
    words[8 + i] = static_cast<std::uint32_t>(map.dims[i] - 1);
    words[13] |= (map.steps[i] - 1) << (3 * i);
  }
  if (map.im2col) {
    words[13] |= (map.channels - 1) << 24;
    for (std::uint32_t i = 0; i < 2; ++i) {
      words[14] |= (static_cast<std::uint32_t>(map.lower[i]) & 0xffu) << (8 * i);
      words[14] |= (static_cast<std::uint32_t>(map.upper[i]) & 0xffu) << (16 + 8 * i);
    }
    words[15] = map.pixels - 1;
    words[16] = map.channels * map.pixels * kElement;
  } else {
    words[13] |= (map.box[0] - 1) << 24;
    std::uint32_t bytes = kElement;
    for (std::uint32_t i = 0; i < rank; ++i) {
      if (i > 0) words[14] |= (map.box[i] - 1) << (8 * (i - 1));
      bytes *= map.box[i] / map.steps[i];
    }
    words[16] = bytes;
  }
  words[18] = 0x400;  // of the swizzle
  return words;
}

}  // namespace vireo::device::opencl
