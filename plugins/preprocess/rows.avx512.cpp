#include "plugins/preprocess/rows.h"

namespace vireo::preprocess {
namespace avx512 {
namespace {
#include "plugins/preprocess/rows_body.h"
constexpr RowKernels kKernels{"avx512",      load_samples, load_pixels,  load_yuv,
                              yuv_to_planes, store_plane,  store_pixels, store_bytes};
}  // namespace
}  // namespace avx512

extern const RowKernels kRowsAvx512;
const RowKernels kRowsAvx512 = avx512::kKernels;

}  // namespace vireo::preprocess
