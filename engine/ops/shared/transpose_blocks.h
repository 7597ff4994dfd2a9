#pragma once
// Turning a matrix in memory: y[c * y_pitch + r] = x[r * x_pitch + c]. In panels of 32 rows so that what is read and
// what is written stay in the first cache; four-byte elements in 4 × 4 blocks of registers, matrices of two and three
// rows or columns (shuffles of two groups, images of three planes) by their own loops. Pure functions.

#include <cstdint>
#include <cstring>

namespace vireo::ops {

using Word4 = std::uint32_t __attribute__((vector_size(16), aligned(4), may_alias));

template <typename T>
inline Word4 load_words(const T* p) {
  Word4 v;
  std::memcpy(&v, p, 16);
  return v;
}
template <typename T>
inline void store_words(Word4 v, T* p) {
  std::memcpy(p, &v, 16);
}

inline void transpose_4x4(const std::uint32_t* x, std::int64_t x_pitch, std::uint32_t* y, std::int64_t y_pitch) {
  const Word4 a = load_words(x), b = load_words(x + x_pitch), c = load_words(x + 2 * x_pitch),
              d = load_words(x + 3 * x_pitch);
  const Word4 ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Word4 cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store_words(__builtin_shufflevector(ab0, cd0, 0, 1, 4, 5), y);
  store_words(__builtin_shufflevector(ab0, cd0, 2, 3, 6, 7), y + y_pitch);
  store_words(__builtin_shufflevector(ab1, cd1, 0, 1, 4, 5), y + 2 * y_pitch);
  store_words(__builtin_shufflevector(ab1, cd1, 2, 3, 6, 7), y + 3 * y_pitch);
}

template <typename T>
void transpose_plain(const T* x, std::int64_t x_pitch, T* y, std::int64_t y_pitch, std::int64_t rows,
                     std::int64_t columns) {
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t r = 0; r < rows; ++r) y[c * y_pitch + r] = x[r * x_pitch + c];
}

/// Two or three planes to pixels of as many elements.
template <typename T>
void interleave_2(const T* a, const T* b, T* y, std::int64_t columns) {
  std::int64_t i = 0;
  if constexpr (sizeof(T) == 4)
    for (; i + 4 <= columns; i += 4) {
      const Word4 p = load_words(a + i), q = load_words(b + i);
      store_words(__builtin_shufflevector(p, q, 0, 4, 1, 5), y + 2 * i);
      store_words(__builtin_shufflevector(p, q, 2, 6, 3, 7), y + 2 * i + 4);
    }
  for (; i < columns; ++i) {
    y[2 * i] = a[i];
    y[2 * i + 1] = b[i];
  }
}

template <typename T>
void interleave_3(const T* a, const T* b, const T* c, T* y, std::int64_t columns) {
  std::int64_t i = 0;
  if constexpr (sizeof(T) == 4)
    for (; i + 4 <= columns; i += 4) {
      const Word4 p = load_words(a + i), q = load_words(b + i), r = load_words(c + i);
      const Word4 pq = __builtin_shufflevector(p, q, 0, 4, 1, 1), qr = __builtin_shufflevector(q, r, 1, 5, 2, 2),
                  end = __builtin_shufflevector(p, q, 3, 7, 3, 7);
      store_words(__builtin_shufflevector(pq, r, 0, 1, 4, 2), y + 3 * i);
      store_words(__builtin_shufflevector(qr, p, 0, 1, 6, 2), y + 3 * i + 4);
      store_words(__builtin_shufflevector(r, end, 2, 4, 5, 3), y + 3 * i + 8);
    }
  for (; i < columns; ++i) {
    y[3 * i] = a[i];
    y[3 * i + 1] = b[i];
    y[3 * i + 2] = c[i];
  }
}

/// Pixels of two or three elements to as many planes: x has `rows` pixels.
template <typename T>
void deinterleave_2(const T* x, T* a, T* b, std::int64_t rows) {
  std::int64_t i = 0;
  if constexpr (sizeof(T) == 4)
    for (; i + 4 <= rows; i += 4) {
      const Word4 p = load_words(x + 2 * i), q = load_words(x + 2 * i + 4);
      store_words(__builtin_shufflevector(p, q, 0, 2, 4, 6), a + i);
      store_words(__builtin_shufflevector(p, q, 1, 3, 5, 7), b + i);
    }
  for (; i < rows; ++i) {
    a[i] = x[2 * i];
    b[i] = x[2 * i + 1];
  }
}

template <typename T>
void deinterleave_3(const T* x, T* a, T* b, T* c, std::int64_t rows) {
  std::int64_t i = 0;
  if constexpr (sizeof(T) == 4)
    for (; i + 4 <= rows; i += 4) {
      const Word4 p = load_words(x + 3 * i), q = load_words(x + 3 * i + 4), r = load_words(x + 3 * i + 8);
      const Word4 qr = __builtin_shufflevector(q, r, 2, 5, 2, 5), pq = __builtin_shufflevector(p, q, 1, 4, 7, 7),
                  pq2 = __builtin_shufflevector(p, q, 2, 5, 2, 5);
      store_words(__builtin_shufflevector(p, qr, 0, 3, 4, 5), a + i);
      store_words(__builtin_shufflevector(pq, r, 0, 1, 2, 6), b + i);
      store_words(__builtin_shufflevector(pq2, r, 0, 1, 4, 7), c + i);
    }
  for (; i < rows; ++i) {
    a[i] = x[3 * i];
    b[i] = x[3 * i + 1];
    c[i] = x[3 * i + 2];
  }
}

template <typename T>
void transpose_blocks(const T* x, std::int64_t x_pitch, T* y, std::int64_t y_pitch, std::int64_t rows,
                      std::int64_t columns) {
  if (rows == 2 && y_pitch == 2) return interleave_2(x, x + x_pitch, y, columns);
  if (rows == 3 && y_pitch == 3) return interleave_3(x, x + x_pitch, x + 2 * x_pitch, y, columns);
  if (columns == 2 && x_pitch == 2) return deinterleave_2(x, y, y + y_pitch, rows);
  if (columns == 3 && x_pitch == 3) return deinterleave_3(x, y, y + y_pitch, y + 2 * y_pitch, rows);
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
          transpose_plain(from + done_columns, x_pitch, to + done_columns * y_pitch, y_pitch, done_rows,
                          width - done_columns);
      }
      if (done_rows < height)
        transpose_plain(from + done_rows * x_pitch, x_pitch, to + done_rows, y_pitch, height - done_rows, width);
    }
  }
}

}  // namespace vireo::ops
