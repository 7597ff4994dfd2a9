#include "plugins/preprocess/rows.h"

#include <array>

#include "plugins/preprocess/isa.h"

namespace vireo::preprocess {
namespace portable {
namespace {
#include "plugins/preprocess/rows_body.h"
constexpr RowKernels kKernels{"portable",    load_samples, load_pixels,  load_yuv,
                              yuv_to_planes, store_plane,  store_pixels, store_bytes};
}  // namespace
}  // namespace portable

#if defined(__x86_64__)
extern const RowKernels kRowsAvx2;    // rows.avx2.cpp
extern const RowKernels kRowsAvx512;  // rows.avx512.cpp
#endif

std::span<const RowKernels* const> all_rows() noexcept {
#if defined(__x86_64__)
  static const std::array<const RowKernels*, 3> all{&portable::kKernels, &kRowsAvx2, &kRowsAvx512};
  return std::span(all).first(has_avx512() ? 3 : has_avx2() ? 2 : 1);
#else
  static const std::array<const RowKernels*, 1> all{&portable::kKernels};
  return all;
#endif
}

const RowKernels& rows() noexcept {
  static const RowKernels& best = *all_rows().back();
  return best;
}

}  // namespace vireo::preprocess
