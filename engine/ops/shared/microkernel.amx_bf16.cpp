// Micro-kernels on AMX tiles of bfloat16: sums of up to 16 rows x 64 columns in four tiles, one tile of A, one of B. A
// tile of A is 16 places (32 values) of up to 16 rows as they lie in scratch, a tile of B 16 places of one vector of a
// packed panel: the layouts are those of the AVX-512 BF16 kernels, which also round and interleave for these. The last
// places of a depth that is no multiple of 16 take tiles of their own shape.
// Bound by tile products (16 cycles each) where B comes from the first-level cache, by loads of B from the second.
// Measured on one core of a Xeon (family 6, model 207): up to 1590 GFLOP/s from the first-level cache, 690 to 930 in
// 3x3 convolutions and square products, 160 to 470 where few channels leave rounding and storing to weigh.
#include "engine/ops/shared/microkernel_body.h"
#include "engine/simd/avx512.h"

#include <immintrin.h>

namespace vireo::ops {
namespace {
using Float = simd::avx512::V;

constexpr int kPlaces = 16;  // in a row of a tile

/// What LDTILECFG reads. Tiles 0 to 3: sums; 4 and 5: A and B; 6 and 7: A and B at the end of the depth.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

void configure(std::int64_t rows, std::int64_t depth) {
  TileShapes shapes;
  const auto shape = [&](int tile, std::int64_t count, std::int64_t places) {
    shapes.rows[tile] = static_cast<std::uint8_t>(count);
    shapes.row_bytes[tile] = static_cast<std::uint16_t>(places * 4);
  };
  for (int tile = 0; tile < 5; ++tile) shape(tile, rows, kPlaces);
  shape(5, kPlaces, kPlaces);
  if (const std::int64_t rest = depth % kPlaces; rest > 0) {
    shape(6, rows, rest);
    shape(7, rest, kPlaces);
  }
  asm volatile("ldtilecfg %0" : : "m"(shapes));
}

void release() { _tile_release(); }

/// The products of one tile of A and the N tiles of B next to each other.
template <int N, bool kRest>
VIREO_INLINE void multiply(const float* a, std::int64_t a_step, const float* b) {
  constexpr std::int64_t kRow = N * kPlaces * 4;
  if constexpr (kRest) {
    _tile_loadd(6, a, a_step);
    _tile_loadd(7, b, kRow);
    _tile_dpbf16ps(0, 6, 7);
    if constexpr (N > 1) {
      _tile_loadd(7, b + kPlaces, kRow);
      _tile_dpbf16ps(1, 6, 7);
    }
    if constexpr (N > 2) {
      _tile_loadd(7, b + 2 * kPlaces, kRow);
      _tile_dpbf16ps(2, 6, 7);
    }
    if constexpr (N > 3) {
      _tile_loadd(7, b + 3 * kPlaces, kRow);
      _tile_dpbf16ps(3, 6, 7);
    }
  } else {
    _tile_loadd(4, a, a_step);
    _tile_loadd(5, b, kRow);
    _tile_dpbf16ps(0, 4, 5);
    if constexpr (N > 1) {
      _tile_loadd(5, b + kPlaces, kRow);
      _tile_dpbf16ps(1, 4, 5);
    }
    if constexpr (N > 2) {
      _tile_loadd(5, b + 2 * kPlaces, kRow);
      _tile_dpbf16ps(2, 4, 5);
    }
    if constexpr (N > 3) {
      _tile_loadd(5, b + 3 * kPlaces, kRow);
      _tile_dpbf16ps(3, 4, 5);
    }
  }
}

template <int M, int N>
void tile_kernel(const MicrokernelArgs& p) {
  constexpr std::int64_t kStep = N * kPlaces;  // floats between the places of a panel
  _tile_zero(0);
  if constexpr (N > 1) _tile_zero(1);
  if constexpr (N > 2) _tile_zero(2);
  if constexpr (N > 3) _tile_zero(3);
  const std::int64_t a_step = p.a_stride * 4;
  const float* b = p.b;
  for (std::int64_t t = 0; t < p.tap_count; ++t) {
    const float* a = p.a + p.taps[t];
    std::int64_t k = p.depth;
    for (; k >= kPlaces; k -= kPlaces, a += kPlaces, b += kPlaces * kStep) multiply<N, false>(a, a_step, b);
    if (k > 0) {
      multiply<N, true>(a, a_step, b);
      b += k * kStep;
    }
  }

  alignas(64) float sums[M * kStep];
  _tile_stored(0, sums, kStep * 4);
  if constexpr (N > 1) _tile_stored(1, sums + kPlaces, kStep * 4);
  if constexpr (N > 2) _tile_stored(2, sums + 2 * kPlaces, kStep * 4);
  if constexpr (N > 3) _tile_stored(3, sums + 3 * kPlaces, kStep * 4);
  const Float lo = Float::set(p.lo), hi = Float::set(p.hi);
  const Float::Tail tail = Float::tail(p.tail);
  for (int j = 0; j < N; ++j) {
    const bool cut = j == N - 1 && p.tail < kPlaces;
    const Float bias = p.bias ? Float::load(p.bias + j * kPlaces) : Float::zero();
    for (int i = 0; i < M; ++i)
      microkernel_finish<Float>(p, Float::load(sums + i * kStep + j * kPlaces), bias, lo, hi, i, j * kPlaces, cut,
                                tail);
  }
}

template <int N, int M>
void fill_tile_rows(KernelSet& set) {
  set.micro[N][M] = tile_kernel<M, N>;
  if constexpr (M > 1) fill_tile_rows<N, M - 1>(set);
}

template <int N>
void fill_tiles(KernelSet& set) {
  set.max_rows[N] = kMaxRows;
  fill_tile_rows<N, kMaxRows>(set);
  if constexpr (N > 1) fill_tiles<N - 1>(set);
}

KernelSet make() {
  KernelSet set{};
  set.name = "amx_bf16";
  set.width = kPlaces;
  set.finish = finish_block<Float>;
  set.latency_slots = 32;
  set.flops_per_second = 1200e9;
  set.values = 2;
  set.round = kernel_set_avx512_bf16().round;
  set.interleave = kernel_set_avx512_bf16().interleave;
  set.depth_step = kPlaces;
  set.configure = configure;
  set.release = release;
  fill_tiles<kMaxVectors>(set);
  return set;
}
}  // namespace

const KernelSet& kernel_set_amx_bf16() {
  static const KernelSet set = make();
  return set;
}

}  // namespace vireo::ops
