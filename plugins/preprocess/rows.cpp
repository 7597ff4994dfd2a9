#include "plugins/preprocess/rows.h"

namespace vireo::preprocess {
namespace portable {
namespace {
#include "plugins/preprocess/rows_body.h"
}  // namespace
}  // namespace portable

#if defined(__x86_64__)
extern const RowKernels kRowsAvx2;  // rows.avx2.cpp
#endif

const RowKernels& rows_portable() noexcept {
  static constexpr RowKernels kernels{"portable",           portable::load_samples, portable::load_pixels,
                                      portable::load_yuv,    portable::store_plane,  portable::store_pixels,
                                      portable::store_bytes};
  return kernels;
}

const RowKernels& rows() noexcept {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) return kRowsAvx2;
#endif
  return rows_portable();
}

}  // namespace vireo::preprocess
