#include "plugins/preprocess/rows.h"

namespace vireo::preprocess {
namespace avx2 {
namespace {
#include "plugins/preprocess/rows_body.h"
}  // namespace
}  // namespace avx2

extern const RowKernels kRowsAvx2;
const RowKernels kRowsAvx2{"avx2",          avx2::load_samples, avx2::load_pixels, avx2::load_yuv,
                           avx2::store_plane, avx2::store_pixels, avx2::store_bytes};

}  // namespace vireo::preprocess
