#pragma once
// Body of the row kernels: plain loops whose trip counts the compiler turns into vectors of V. V is a parameter so that
// each instruction set has functions of its own.
//
// Pixels: a row is one run of values, scale and shift repeat every `period` of them. Planes: the channels of a pixel
// are brought together in registers for up to four, else plane by plane. Bound by the cache: on two Zen 4 cores a 224 x
// 224 image of bytes takes 10 us from pixels, 14 us from planes, that is 75 and 55 GB/s.

#include "engine/ops/image_input/kernels.h"
#include "engine/simd/inline.h"

namespace vireo::ops {

template <typename V, typename From>
VIREO_INLINE void convert_pixels(const ImageInputState& s, const From* __restrict x, float* __restrict y) {
  const float* __restrict scale = s.scale;
  const float* __restrict shift = s.shift;
  const std::int64_t count = s.width * s.channels;
  std::int64_t i = 0;
  for (; i + s.period <= count; i += s.period)
    for (std::int64_t j = 0; j < s.period; j += V::kWidth)
      for (std::int64_t k = 0; k < V::kWidth; ++k)
        y[i + j + k] = static_cast<float>(x[i + j + k]) * scale[j + k] + shift[j + k];
  for (std::int64_t j = 0; i + j < count; ++j) y[i + j] = static_cast<float>(x[i + j]) * scale[j] + shift[j];
}

template <int kChannels, typename From>
VIREO_INLINE void join_planes(const ImageInputState& s, const From* __restrict x, float* __restrict y) {
  const std::int64_t plane = s.height * s.width;
  float scale[kChannels], shift[kChannels];
  for (int c = 0; c < kChannels; ++c) {
    scale[c] = s.scale[c];
    shift[c] = s.shift[c];
  }
  for (std::int64_t i = 0; i < s.width; ++i)
    for (int c = 0; c < kChannels; ++c)
      y[i * kChannels + c] = static_cast<float>(x[c * plane + i]) * scale[c] + shift[c];
}

template <typename From>
VIREO_INLINE void join_many_planes(const ImageInputState& s, const From* __restrict x, float* __restrict y) {
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const From* __restrict from = x + c * s.height * s.width;
    const float scale = s.scale[c], shift = s.shift[c];
    for (std::int64_t i = 0; i < s.width; ++i) y[i * s.channels + c] = static_cast<float>(from[i]) * scale + shift;
  }
}

template <typename V, typename From>
void image_rows(const ImageInputState& s, const void* images, float* y, std::int64_t begin, std::int64_t end) {
  const From* x = static_cast<const From*>(images);
  const std::int64_t length = s.width * s.channels;
  for (std::int64_t row = begin; row < end; ++row) {
    float* to = y + row * length;
    if (!s.planes) {
      convert_pixels<V>(s, x + row * length, to);
      continue;
    }
    const From* from = x + row / s.height * s.height * length + row % s.height * s.width;
    switch (s.channels) {
      case 1: join_planes<1>(s, from, to); break;
      case 2: join_planes<2>(s, from, to); break;
      case 3: join_planes<3>(s, from, to); break;
      case 4: join_planes<4>(s, from, to); break;
      default: join_many_planes(s, from, to);
    }
  }
}

template <typename V>
ImageRowKernels image_rows_for() {
  return {&image_rows<V, std::uint8_t>, &image_rows<V, float>};
}

}  // namespace vireo::ops
