#include "engine/ops/shared/pack.h"

#include <algorithm>
#include <cstring>

#include "engine/simd/portable.h"

namespace vireo::ops {

namespace {

/// One block of depth.
void pack_block(float* to, std::int64_t step, const float* from, std::int64_t pitch, std::int64_t depth,
                std::int64_t columns, float factor) noexcept {
  using Raw = simd::portable::V::Raw;
  const auto load = [&](const float* p) { return simd::portable::V::load(p).r * factor; };
  std::int64_t j = 0;
  for (; j + 4 <= columns; j += 4) {
    const float* row = from + j * pitch;
    std::int64_t k = 0;
    for (; k + 4 <= depth; k += 4) {
      const Raw a = load(row + k), b = load(row + pitch + k), c = load(row + 2 * pitch + k),
                d = load(row + 3 * pitch + k);
      const Raw ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      const Raw cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      float* out = to + k * step + j;
      simd::portable::V{__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5)}.store(out);
      simd::portable::V{__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7)}.store(out + step);
      simd::portable::V{__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5)}.store(out + 2 * step);
      simd::portable::V{__builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)}.store(out + 3 * step);
    }
    for (; k < depth; ++k)
      for (std::int64_t i = 0; i < 4; ++i) to[k * step + j + i] = factor * row[i * pitch + k];
  }
  for (; j < columns; ++j)
    for (std::int64_t k = 0; k < depth; ++k) to[k * step + j] = factor * from[j * pitch + k];
}

}  // namespace

void pack_transposed(float* to, std::int64_t step, const float* from, std::int64_t pitch, std::int64_t depth,
                     std::int64_t columns, float factor) noexcept {
  constexpr std::int64_t kBlock = 128;  // rows of `to` that stay in cache until all columns have been there
  for (std::int64_t k = 0; k < depth; k += kBlock)
    pack_block(to + k * step, step, from + k, pitch, std::min(kBlock, depth - k), columns, factor);
}

void pack_taps(float* to, std::int64_t step, const float* from, std::int64_t channels, std::int64_t taps,
               std::int64_t columns) noexcept {
  const std::int64_t pitch = channels * taps;
  if (taps == 1) return pack_transposed(to, step, from, pitch, channels, columns, 1);
  // Turned in blocks that stay in cache; then each row goes where it belongs.
  constexpr std::int64_t kRows = 64, kColumns = 64;
  float block[kRows * kColumns];
  for (std::int64_t j = 0; j < columns; j += kColumns) {
    const std::int64_t width = std::min(kColumns, columns - j);
    for (std::int64_t at = 0; at < pitch; at += kRows) {
      const std::int64_t rows = std::min(kRows, pitch - at);
      pack_transposed(block, kColumns, from + j * pitch + at, pitch, rows, width, 1);
      for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t channel = (at + i) / taps, tap = (at + i) % taps;
        std::memcpy(to + (tap * channels + channel) * step + j, block + i * kColumns,
                    static_cast<std::size_t>(width) * sizeof(float));
      }
    }
  }
}

namespace {

/// pack_panel() for kernels that take pairs, by blocks of depth that stay in cache.
void pack_pairs(const KernelSet& kernels, const Panel& panel, const MatrixB& b, float* to, std::int64_t step) noexcept {
  constexpr std::int64_t kBlock = 64;
  if (!b.transposed) {
    for (std::int64_t k = 0; k < b.depth; k += 2, to += step) {
      const float* row = b.data + k * b.pitch + panel.column;
      kernels.interleave(to, row, k + 1 < b.depth ? row + b.pitch : nullptr, panel.columns, b.factor);
    }
    return;
  }
  float rounded[kBlock / 2];
  for (std::int64_t k = 0; k < b.depth; k += kBlock, to += kBlock / 2 * step) {
    const std::int64_t count = std::min(kBlock, b.depth - k);
    for (std::int64_t j = 0; j < panel.columns; ++j) {
      kernels.round(rounded, 0, b.data + (panel.column + j) * b.pitch + k, 0, count, 1, b.factor);
      for (std::int64_t i = 0; i < kernels.places(count); ++i) to[i * step + j] = rounded[i];
    }
  }
}

}  // namespace

void pack_panel(const PanelSet& set, const Panel& panel, const MatrixB& b, float* packed) noexcept {
  const std::int64_t step = panel.vectors * set.kernels->width;
  float* to = packed + panel.b_offset;
  if (panel.columns < step)
    for (std::int64_t k = 0; k < set.depth; ++k)
      std::memset(to + k * step + panel.columns, 0, static_cast<std::size_t>(step - panel.columns) * sizeof(float));
  if (set.kernels->values > 1) return pack_pairs(*set.kernels, panel, b, to, step);
  if (b.transposed) {
    pack_transposed(to, step, b.data + panel.column * b.pitch, b.pitch, b.depth, panel.columns, b.factor);
    return;
  }
  for (std::int64_t k = 0; k < b.depth; ++k) {
    const float* from = b.data + k * b.pitch + panel.column;
    float* row = to + k * step;
    std::memcpy(row, from, static_cast<std::size_t>(panel.columns) * sizeof(float));
    if (b.factor != 1.0f)
      for (std::int64_t j = 0; j < panel.columns; ++j) row[j] *= b.factor;
  }
}

}  // namespace vireo::ops
