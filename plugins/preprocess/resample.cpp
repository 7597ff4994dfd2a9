#include "plugins/preprocess/resample.h"

#include <array>

#include "plugins/preprocess/isa.h"

namespace vireo::preprocess {
namespace portable {
namespace {

#include "plugins/preprocess/resample_body.h"

void all_pixels(const ColumnTaps& t, const RowPair& rows, std::uint8_t* dst) { pixels_from(t, rows, 0, dst); }
constexpr ResampleKernels kKernels{"portable", samples_from, pairs_from, all_pixels};

}  // namespace
}  // namespace portable

#if defined(__x86_64__)
extern const ResampleKernels kResampleAvx2;    // resample.avx2.cpp
extern const ResampleKernels kResampleAvx512;  // resample.avx512.cpp
#endif

std::span<const ResampleKernels* const> all_resample() noexcept {
#if defined(__x86_64__)
  static const std::array<const ResampleKernels*, 3> all{&portable::kKernels, &kResampleAvx2, &kResampleAvx512};
  return std::span(all).first(has_avx512() ? 3 : has_avx2() ? 2 : 1);
#else
  static const std::array<const ResampleKernels*, 1> all{&portable::kKernels};
  return all;
#endif
}

const ResampleKernels& resample() noexcept {
  static const ResampleKernels& best = *all_resample().back();
  return best;
}

}  // namespace vireo::preprocess
