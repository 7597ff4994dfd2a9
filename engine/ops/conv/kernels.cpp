// Ordered tactics of conv.
#include "engine/ops/conv/conv.h"
#include "engine/ops/conv/hopper.h"
#include "engine/ops/conv/mma.h"
#include "engine/ops/shared/bf16_error.h"
#include "engine/ops/shared/hopper.h"
#include "engine/ops/shared/slab.h"

namespace vireo::ops {
namespace {

using graph::Isa;
using graph::Problem;
using graph::Tactic;

template <const KernelSet& (*kSet)()>
std::string refuse_direct(const Problem& p) {
  return refuse_direct(p, kSet());
}
template <const KernelSet& (*kSet)()>
graph::Launch direct(const Problem& p) {
  return prepare_direct(p, kSet());
}
template <const KernelSet& (*kSet)()>
double direct_seconds(const Problem& p) {
  return predict_direct(p, kSet());
}

std::string admit_rounded(const Problem& p) {
  const graph::Constant& w = *p.inputs[1].constant;
  const std::int64_t depth = w.count() / w.dims[0];
  return admit_bf16(p, 1, {.columns = w.dims[0], .depth = depth, .column_step = depth});
}

template <const KernelSet& (*kSet)(), DepthwiseKernels (*kPick)(std::int64_t, std::int64_t, std::int64_t)>
graph::Launch depthwise(const Problem& p) {
  return prepare_depthwise(p, kSet(), kPick);
}
template <const KernelSet& (*kSet)()>
double depthwise_seconds(const Problem& p) {
  return predict_depthwise(p, kSet());
}

template <const KernelSet& (*kSet)(), WinogradKernels (*kTransforms)(int), int kOut>
graph::Launch winograd(const Problem& p) {
  return prepare_winograd(p, kSet(), kTransforms(kOut));
}
template <const KernelSet& (*kSet)(), int kOut>
double winograd_seconds(const Problem& p) {
  return predict_winograd(p, kSet(), kOut);
}
template <int kOut>
std::string winograd_admitted(const Problem& p) {
  return admit_winograd(p, kOut);
}

template <const KernelSet& (*kSet)()>
graph::Launch im2col(const Problem& p) {
  return prepare_gathered(p, kSet());
}
template <const KernelSet& (*kSet)()>
double gathered_seconds(const Problem& p) {
  return predict_gathered(p, kSet());
}

/// The gathering form only where no other can: it never wins elsewhere.
std::string refuse_others_can(const Problem& p) {
  if (refuse_conv(p).empty()) return "channels-last tactics take it";
  return refuse_gathered(p);
}

template <std::size_t kTile>
std::string refuse_hopper_tile(const Problem& p) {
  static_assert(kTile < std::size(kHopperTiles));
  return refuse_conv_hopper(p, kTile);
}
template <std::size_t kTile>
graph::Launch hopper(const Problem& p) {
  return prepare_conv_hopper(p, kTile);
}
template <std::size_t kTile>
double tile_seconds(const Problem& p) {
  return predict_conv_hopper(p, kTile);
}
template <std::size_t kTile>
constexpr Tactic hopper_tactic(std::string_view name) {
  return {.name = name,
          .refuse = refuse_hopper_tile<kTile>,
          .prepare = hopper<kTile>,
          .device = "opencl",
          .predict = tile_seconds<kTile>};
}
template <std::size_t kTile>
std::string refuse_slab_tile(const Problem& p) {
  static_assert(kTile < kSlabTileCount);
  return refuse_conv_slab(p, kTile);
}
template <std::size_t kTile>
graph::Launch slab(const Problem& p) {
  return prepare_conv_slab(p, kTile);
}
template <std::size_t kTile>
double slab_tile_seconds(const Problem& p) {
  return predict_conv_slab(p, kTile);
}

graph::RowRole by_rows(const Problem& p) {
  const bool images = p.inputs[0].dims.size() == 4;
  return {images, images};
}

const Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "conv_depthwise_avx512",
     .isa = Isa::avx512,
     .refuse = refuse_depthwise,
     .prepare = depthwise<kernel_set_avx512, depthwise_kernels_avx512>,
     .rows = by_rows,
     .predict = depthwise_seconds<kernel_set_avx512>},
    {.name = "conv_depthwise_avx2",
     .isa = Isa::avx2,
     .refuse = refuse_depthwise,
     .prepare = depthwise<kernel_set_avx2, depthwise_kernels_avx2>,
     .rows = by_rows,
     .predict = depthwise_seconds<kernel_set_avx2>},
    {.name = "conv_direct_amx_bf16",
     .isa = Isa::amx_bf16,
     .arithmetic = Precision::bf16,
     .exact = false,
     .refuse = refuse_direct<kernel_set_amx_bf16>,
     .admit = admit_rounded,
     .prepare = direct<kernel_set_amx_bf16>,
     .rows = by_rows,
     .predict = direct_seconds<kernel_set_amx_bf16>},
    {.name = "conv_direct_avx512_bf16",
     .isa = Isa::avx512_bf16,
     .arithmetic = Precision::bf16,
     .exact = false,
     .refuse = refuse_direct<kernel_set_avx512_bf16>,
     .admit = admit_rounded,
     .prepare = direct<kernel_set_avx512_bf16>,
     .rows = by_rows,
     .predict = direct_seconds<kernel_set_avx512_bf16>},
    {.name = "conv_winograd_4x4_avx512",
     .isa = Isa::avx512,
     .exact = false,
     .refuse = refuse_winograd,
     .admit = winograd_admitted<4>,
     .prepare = winograd<kernel_set_avx512, winograd_kernels_avx512, 4>,
     .predict = winograd_seconds<kernel_set_avx512, 4>},
    {.name = "conv_winograd_6x6_avx512",
     .isa = Isa::avx512,
     .exact = false,
     .refuse = refuse_winograd_6x6,
     .admit = winograd_admitted<6>,
     .prepare = winograd<kernel_set_avx512, winograd_kernels_avx512, 6>,
     .predict = winograd_seconds<kernel_set_avx512, 6>},
    {.name = "conv_winograd_2x2_avx512",
     .isa = Isa::avx512,
     .exact = false,
     .refuse = refuse_winograd,
     .admit = winograd_admitted<2>,
     .prepare = winograd<kernel_set_avx512, winograd_kernels_avx512, 2>,
     .predict = winograd_seconds<kernel_set_avx512, 2>},
    {.name = "conv_direct_avx512",
     .isa = Isa::avx512,
     .refuse = refuse_conv,
     .prepare = direct<kernel_set_avx512>,
     .rows = by_rows,
     .predict = direct_seconds<kernel_set_avx512>},
    {.name = "conv_winograd_4x4_avx2",
     .isa = Isa::avx2,
     .exact = false,
     .refuse = refuse_winograd,
     .admit = winograd_admitted<4>,
     .prepare = winograd<kernel_set_avx2, winograd_kernels_avx2, 4>,
     .predict = winograd_seconds<kernel_set_avx2, 4>},
    {.name = "conv_winograd_6x6_avx2",
     .isa = Isa::avx2,
     .exact = false,
     .refuse = refuse_winograd_6x6,
     .admit = winograd_admitted<6>,
     .prepare = winograd<kernel_set_avx2, winograd_kernels_avx2, 6>,
     .predict = winograd_seconds<kernel_set_avx2, 6>},
    {.name = "conv_winograd_2x2_avx2",
     .isa = Isa::avx2,
     .exact = false,
     .refuse = refuse_winograd,
     .admit = winograd_admitted<2>,
     .prepare = winograd<kernel_set_avx2, winograd_kernels_avx2, 2>,
     .predict = winograd_seconds<kernel_set_avx2, 2>},
    {.name = "conv_direct_avx2",
     .isa = Isa::avx2,
     .refuse = refuse_conv,
     .prepare = direct<kernel_set_avx2>,
     .rows = by_rows,
     .predict = direct_seconds<kernel_set_avx2>},
    {.name = "conv_im2col_avx512",
     .isa = Isa::avx512,
     .refuse = refuse_others_can,
     .prepare = im2col<kernel_set_avx512>,
     .predict = gathered_seconds<kernel_set_avx512>},
    {.name = "conv_im2col_avx2",
     .isa = Isa::avx2,
     .refuse = refuse_others_can,
     .prepare = im2col<kernel_set_avx2>,
     .predict = gathered_seconds<kernel_set_avx2>},
#endif
    {.name = "conv_depthwise_portable",
     .refuse = refuse_depthwise,
     .prepare = depthwise<kernel_set_portable, depthwise_kernels_portable>,
     .rows = by_rows,
     .predict = depthwise_seconds<kernel_set_portable>},
    {.name = "conv_winograd_4x4_portable",
     .exact = false,
     .refuse = refuse_winograd,
     .admit = winograd_admitted<4>,
     .prepare = winograd<kernel_set_portable, winograd_kernels_portable, 4>,
     .predict = winograd_seconds<kernel_set_portable, 4>},
    {.name = "conv_winograd_6x6_portable",
     .exact = false,
     .refuse = refuse_winograd_6x6,
     .admit = winograd_admitted<6>,
     .prepare = winograd<kernel_set_portable, winograd_kernels_portable, 6>,
     .predict = winograd_seconds<kernel_set_portable, 6>},
    {.name = "conv_winograd_2x2_portable",
     .exact = false,
     .refuse = refuse_winograd,
     .admit = winograd_admitted<2>,
     .prepare = winograd<kernel_set_portable, winograd_kernels_portable, 2>,
     .predict = winograd_seconds<kernel_set_portable, 2>},
    {.name = "conv_direct_portable",
     .refuse = refuse_conv,
     .prepare = direct<kernel_set_portable>,
     .rows = by_rows,
     .predict = direct_seconds<kernel_set_portable>},
    {.name = "conv_im2col_portable",
     .refuse = refuse_others_can,
     .prepare = im2col<kernel_set_portable>,
     .predict = gathered_seconds<kernel_set_portable>},
    {.name = "conv_slab_64x32_opencl",
     .refuse = refuse_slab_tile<0>,
     .prepare = slab<0>,
     .device = "opencl",
     .predict = slab_tile_seconds<0>},
    {.name = "conv_slab_64x32_split2_opencl",
     .refuse = refuse_slab_tile<1>,
     .prepare = slab<1>,
     .device = "opencl",
     .predict = slab_tile_seconds<1>},
    {.name = "conv_slab_64x32_split4_opencl",
     .refuse = refuse_slab_tile<2>,
     .prepare = slab<2>,
     .device = "opencl",
     .predict = slab_tile_seconds<2>},
    {.name = "conv_slab_64x32_split8_opencl",
     .refuse = refuse_slab_tile<3>,
     .prepare = slab<3>,
     .device = "opencl",
     .predict = slab_tile_seconds<3>},
    {.name = "conv_slab_64x64_opencl",
     .refuse = refuse_slab_tile<4>,
     .prepare = slab<4>,
     .device = "opencl",
     .predict = slab_tile_seconds<4>},
    {.name = "conv_slab_64x128_opencl",
     .refuse = refuse_slab_tile<5>,
     .prepare = slab<5>,
     .device = "opencl",
     .predict = slab_tile_seconds<5>},
    {.name = "conv_slab_128x32_opencl",
     .refuse = refuse_slab_tile<6>,
     .prepare = slab<6>,
     .device = "opencl",
     .predict = slab_tile_seconds<6>},
    {.name = "conv_slab_128x64_opencl",
     .refuse = refuse_slab_tile<7>,
     .prepare = slab<7>,
     .device = "opencl",
     .predict = slab_tile_seconds<7>},
    {.name = "conv_slab_256x32_opencl",
     .refuse = refuse_slab_tile<8>,
     .prepare = slab<8>,
     .device = "opencl",
     .predict = slab_tile_seconds<8>},
    {.name = "conv_depthwise_part_opencl",
     .refuse = refuse_conv_depthwise_part,
     .prepare = prepare_conv_depthwise_part,
     .device = "opencl",
     .predict = predict_conv_depthwise_part},
    hopper_tactic<0>("conv_wgmma_128x256_opencl"),
    hopper_tactic<1>("conv_wgmma_256x128_opencl"),
    hopper_tactic<2>("conv_wgmma_128x128_opencl"),
    hopper_tactic<3>("conv_wgmma_256x64_opencl"),
    hopper_tactic<4>("conv_wgmma_128x64_opencl"),
    hopper_tactic<5>("conv_wgmma_64x128_opencl"),
    hopper_tactic<6>("conv_wgmma_64x64_opencl"),
    hopper_tactic<7>("conv_wgmma_64x64_split2_opencl"),
    hopper_tactic<8>("conv_wgmma_64x64_split4_opencl"),
    hopper_tactic<9>("conv_wgmma_64x64_split8_opencl"),
    hopper_tactic<10>("conv_wgmma_64x128_split2_opencl"),
    hopper_tactic<11>("conv_wgmma_64x128_split4_opencl"),
    hopper_tactic<12>("conv_wgmma_128x256_kept_opencl"),
    hopper_tactic<13>("conv_wgmma_128x128_kept_opencl"),
    hopper_tactic<14>("conv_wgmma_64x256_kept_opencl"),
    hopper_tactic<15>("conv_wgmma_256x64_kept_opencl"),
    hopper_tactic<16>("conv_wgmma_192x128_opencl"),
    hopper_tactic<17>("conv_wgmma_128x128_turns_opencl"),
    hopper_tactic<18>("conv_wgmma_64x128_turns_opencl"),
    hopper_tactic<19>("conv_wgmma_128x64_turns_opencl"),
    {.name = "conv_wgmma_window_opencl",
     .refuse = refuse_conv_window,
     .prepare = prepare_conv_window,
     .device = "opencl",
     .predict = predict_conv_window},
    mma_tactic<ConvMma<0>>("conv_mma_256x128_opencl"),
    mma_tactic<ConvMma<1>>("conv_mma_128x128_deep_opencl"),
    mma_tactic<ConvMma<2>>("conv_mma_128x128_opencl"),
    mma_tactic<ConvMma<3>>("conv_mma_256x64_opencl"),
    mma_tactic<ConvMma<4>>("conv_mma_128x64_opencl"),
    mma_tactic<ConvMma<5>>("conv_mma_64x128_opencl"),
    mma_tactic<ConvMma<6>>("conv_mma_64x64_opencl"),
    mma_tactic<ConvMma<7>>("conv_mma_128x32_opencl"),
    mma_tactic<ConvMma<8>>("conv_mma_64x64_split2_opencl"),
    mma_tactic<ConvMma<9>>("conv_mma_64x64_split4_opencl"),
    mma_tactic<ConvMma<10>>("conv_mma_64x64_split8_opencl"),
    {.name = "conv_first_opencl",
     .refuse = refuse_conv_first,
     .prepare = prepare_conv_first,
     .device = "opencl",
     .predict = predict_conv_first},
    {.name = "conv_patches_opencl",
     .refuse = refuse_conv_patches,
     .prepare = prepare_conv_patches,
     .device = "opencl",
     .predict = predict_conv_patches},
    {.name = "conv_gemm_opencl",
     .refuse = refuse_conv_gemm_opencl,
     .prepare = prepare_conv_gemm_opencl,
     .device = "opencl",
     .predict = predict_conv_gemm_opencl},
    {.name = "conv_depthwise_opencl",
     .refuse = refuse_conv_depthwise_opencl,
     .prepare = prepare_conv_depthwise_opencl,
     .device = "opencl",
     .predict = predict_conv_depthwise_opencl},
    {.name = "conv_direct_opencl",
     .refuse = refuse_conv_direct_opencl,
     .prepare = prepare_conv_direct_opencl,
     .device = "opencl",
     .predict = predict_conv_direct_opencl},
    {.name = "conv_any_opencl",
     .refuse = refuse_conv_any_opencl,
     .prepare = prepare_conv_any_opencl,
     .device = "opencl",
     .predict = predict_conv_any_opencl},
};

}  // namespace

std::span<const Tactic> conv_tactics() { return kTactics; }

}  // namespace vireo::ops
