#include "plugins/preprocess/rows.h"

namespace vireo::preprocess {
namespace avx2 {
namespace {
#include "plugins/preprocess/rows_body.h"
constexpr RowKernels kKernels{"avx2",        load_samples, load_pixels,  load_yuv,
                              yuv_to_planes, store_plane,  store_pixels, store_bytes};
}  // namespace
}  // namespace avx2

extern const RowKernels kRowsAvx2;
const RowKernels kRowsAvx2 = avx2::kKernels;

}  // namespace vireo::preprocess
