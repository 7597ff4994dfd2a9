#pragma once
// Turning a matrix in memory: y[c * y_pitch + r] = x[r * x_pitch + c]. In panels of 32 rows so that what is read and what
// is written stay in the first cache; four-byte elements in 4 × 4 blocks of registers, three-row matrices (images of three
// planes to pixels) by their own loop. Pure functions.

#include <cstdint>
#include <cstring>

namespace vireo::ops {

using Word4 = std::uint32_t __attribute__((vector_size(16), aligned(4), may_alias));

inline void transpose_4x4(const std::uint32_t* x, std::int64_t x_pitch, std::uint32_t* y, std::int64_t y_pitch) {
  Word4 a, b, c, d;
  std::memcpy(&a, x, 16);
  std::memcpy(&b, x + x_pitch, 16);
  std::memcpy(&c, x + 2 * x_pitch, 16);
  std::memcpy(&d, x + 3 * x_pitch, 16);
  const Word4 ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Word4 cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Word4 r0 = __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5), r1 = __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7);
  const Word4 r2 = __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5), r3 = __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7);
  std::memcpy(y, &r0, 16);
  std::memcpy(y + y_pitch, &r1, 16);
  std::memcpy(y + 2 * y_pitch, &r2, 16);
  std::memcpy(y + 3 * y_pitch, &r3, 16);
}

template <typename T>
void transpose_plain(const T* x, std::int64_t x_pitch, T* y, std::int64_t y_pitch, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t r = 0; r < rows; ++r) y[c * y_pitch + r] = x[r * x_pitch + c];
}

/// Three planes to pixels of three.
template <typename T>
void interleave_3(const T* x, std::int64_t x_pitch, T* y, std::int64_t columns) {
  const T *a = x, *b = x + x_pitch, *c = x + 2 * x_pitch;
  for (std::int64_t i = 0; i < columns; ++i) {
    y[3 * i] = a[i];
    y[3 * i + 1] = b[i];
    y[3 * i + 2] = c[i];
  }
}

/// Pixels of three to three planes: x has `rows` pixels.
template <typename T>
void deinterleave_3(const T* x, T* y, std::int64_t y_pitch, std::int64_t rows) {
  T *a = y, *b = y + y_pitch, *c = y + 2 * y_pitch;
  for (std::int64_t i = 0; i < rows; ++i) {
    a[i] = x[3 * i];
    b[i] = x[3 * i + 1];
    c[i] = x[3 * i + 2];
  }
}

template <typename T>
void transpose_blocks(const T* x, std::int64_t x_pitch, T* y, std::int64_t y_pitch, std::int64_t rows, std::int64_t columns) {
  if (rows == 3 && y_pitch == 3) return interleave_3(x, x_pitch, y, columns);
  if (columns == 3 && x_pitch == 3) return deinterleave_3(x, y, y_pitch, rows);
  constexpr std::int64_t panel = 32;
  for (std::int64_t r0 = 0; r0 < rows; r0 += panel) {
    const std::int64_t height = rows - r0 < panel ? rows - r0 : panel;
    for (std::int64_t c0 = 0; c0 < columns; c0 += 16) {
      const std::int64_t width = columns - c0 < 16 ? columns - c0 : 16;
      const T* from = x + r0 * x_pitch + c0;
      T* to = y + c0 * y_pitch + r0;
      std::int64_t done_rows = 0;
      if constexpr (sizeof(T) == 4) {
        const std::int64_t done_columns = width / 4 * 4;
        for (; done_rows + 4 <= height; done_rows += 4)
          for (std::int64_t c = 0; c < done_columns; c += 4)
            transpose_4x4(from + done_rows * x_pitch + c, x_pitch, to + c * y_pitch + done_rows, y_pitch);
        if (done_columns < width)
          transpose_plain(from + done_columns, x_pitch, to + done_columns * y_pitch, y_pitch, done_rows, width - done_columns);
      }
      if (done_rows < height) transpose_plain(from + done_rows * x_pitch, x_pitch, to + done_rows, y_pitch, height - done_rows, width);
    }
  }
}

}  // namespace vireo::ops
