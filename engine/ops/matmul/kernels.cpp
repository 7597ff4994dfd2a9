// Ordered tactics of matmul.
#include "engine/base/text.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/opencl.h"
#include "engine/ops/shared/bf16_error.h"
#include "engine/ops/shared/gemm.h"
#include "engine/ops/shared/hopper_matrix.h"
#include "engine/ops/shared/matmul_geometry.h"
#include "engine/ops/shared/mma_matrix.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using graph::Desc;
using graph::Isa;

std::string refuse(const Problem& p) {
  for (const Desc& d : p.inputs)
    if (d.present() && d.dtype != DataType::float32) return base::str("an input is ", d.dtype, ", not float32");
  const MatmulGeometry g = matmul_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  if (p.outputs[0].count() == 0 || g.k == 0) return "an extent is 0";
  if ((g.a_vector || g.b_vector) && (!p.inputs[0].dense() || !p.inputs[1].dense() || !p.outputs[0].dense()))
    return "vectors with gaps";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (g.n > kMostColumns || g.k > kMostDepth || element_count(g.batch) > kMostColumns)
    return "more columns or products, or a longer sum, than panels are made for";
  if (p.inputs[1].constant && !p.inputs[1].dense()) return "constant operand with gaps";
  return {};
}

BatchedGemm read(const Problem& p) {
  const MatmulGeometry g = matmul_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  BatchedGemm out;
  out.m = g.m;
  out.n = g.n;
  out.k = g.k;
  out.trans_a = g.trans_a;
  out.trans_b = g.trans_b;
  out.alpha = static_cast<float>(g.alpha);
  out.a_pitch = p.inputs[0].pitch;
  out.b_pitch = g.b_vector ? 1 : p.inputs[1].pitch;
  out.c_pitch = g.b_vector ? 1 : p.outputs[0].pitch;
  const std::int64_t a_size = (g.trans_a ? g.k : g.m) * out.a_pitch, b_size = (g.trans_b ? g.n : g.k) * out.b_pitch;
  out.a_offsets.clear();
  out.b_index.clear();
  out.b_offsets.clear();
  for (std::int64_t i = 0; i < element_count(g.b_batch); ++i) out.b_offsets.push_back(i * b_size);
  walk<2>(g.batch, {broadcast_strides(g.a_batch, g.batch), broadcast_strides(g.b_batch, g.batch)}, [&](const auto& at) {
    out.a_offsets.push_back(at[0] * a_size);
    out.b_index.push_back(at[1]);
  });
  if (p.inputs[1].constant) out.b = p.inputs[1].constant.get();
  if (p.inputs.size() > 2 && p.inputs[2].present()) {
    out.bias = p.inputs[2].constant.get();
    out.bias_input = 2;
  }
  if (p.inputs.size() > 3 && p.inputs[3].present()) {
    out.residual_input = 3;
    out.residual_before = p.attributes->text("residual", "") == "before";
    out.r_pitch = g.b_vector ? 1 : p.inputs[3].pitch;
  }
  out.activation = activation_of(*p.attributes, true);
  out.workers = p.workers;
  return out;
}

template <const KernelSet& (*kSet)()>
Launch prepare(const Problem& p) {
  return prepare_gemm(p, read(p), kSet());
}
template <const KernelSet& (*kSet)()>
double predict(const Problem& p) {
  return predict_gemm(read(p), kSet());
}

/// Rows of A are rounded as they lie.
std::string refuse_bf16(const Problem& p) {
  if (p.attributes->integer("trans_a", 0) != 0) return "A is transposed";
  return refuse(p);
}

/// Weights are measured, on whichever side they are. Two operands that data decide are nothing to measure: products of
/// independent terms are off by 0.24 % (bf16_error.h), and whether terms cancel is not known before they are there.
std::string admit(const Problem& p) {
  const BatchedGemm g = read(p);
  if (!g.b && p.inputs[0].constant && p.inputs[0].dense())
    return admit_bf16(p, 0, {.columns = p.inputs[0].count() / g.k, .depth = g.k, .column_step = g.k});
  if (!g.b) return {};
  return admit_bf16(p, 1,
                    {.matrices = static_cast<std::int64_t>(g.b_offsets.size()),
                     .columns = g.n,
                     .depth = g.k,
                     .matrix_step = g.n * g.k,
                     .column_step = g.trans_b ? g.b_pitch : 1,
                     .depth_step = g.trans_b ? 1 : g.b_pitch});
}

const Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "matmul_panels_amx_bf16",
     .isa = Isa::amx_bf16,
     .arithmetic = Precision::bf16,
     .exact = false,
     .refuse = refuse_bf16,
     .admit = admit,
     .prepare = prepare<kernel_set_amx_bf16>,
     .predict = predict<kernel_set_amx_bf16>},
    {.name = "matmul_panels_avx512_bf16",
     .isa = Isa::avx512_bf16,
     .arithmetic = Precision::bf16,
     .exact = false,
     .refuse = refuse_bf16,
     .admit = admit,
     .prepare = prepare<kernel_set_avx512_bf16>,
     .predict = predict<kernel_set_avx512_bf16>},
    {.name = "matmul_panels_avx512",
     .isa = Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx512>,
     .predict = predict<kernel_set_avx512>},
    {.name = "matmul_panels_avx2",
     .isa = Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx2>,
     .predict = predict<kernel_set_avx2>},
#endif
    {.name = "matmul_panels_portable",
     .refuse = refuse,
     .prepare = prepare<kernel_set_portable>,
     .predict = predict<kernel_set_portable>},
    {.name = "matmul_slab_64x32_opencl",
     .refuse = SlabTactic<matmul_opencl, 0>::refuse,
     .prepare = SlabTactic<matmul_opencl, 0>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 0>::predict},
    {.name = "matmul_slab_64x32_split2_opencl",
     .refuse = SlabTactic<matmul_opencl, 1>::refuse,
     .prepare = SlabTactic<matmul_opencl, 1>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 1>::predict},
    {.name = "matmul_slab_64x32_split4_opencl",
     .refuse = SlabTactic<matmul_opencl, 2>::refuse,
     .prepare = SlabTactic<matmul_opencl, 2>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 2>::predict},
    {.name = "matmul_slab_64x32_split8_opencl",
     .refuse = SlabTactic<matmul_opencl, 3>::refuse,
     .prepare = SlabTactic<matmul_opencl, 3>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 3>::predict},
    {.name = "matmul_slab_64x64_opencl",
     .refuse = SlabTactic<matmul_opencl, 4>::refuse,
     .prepare = SlabTactic<matmul_opencl, 4>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 4>::predict},
    {.name = "matmul_slab_64x128_opencl",
     .refuse = SlabTactic<matmul_opencl, 5>::refuse,
     .prepare = SlabTactic<matmul_opencl, 5>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 5>::predict},
    {.name = "matmul_slab_128x32_opencl",
     .refuse = SlabTactic<matmul_opencl, 6>::refuse,
     .prepare = SlabTactic<matmul_opencl, 6>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 6>::predict},
    {.name = "matmul_slab_128x64_opencl",
     .refuse = SlabTactic<matmul_opencl, 7>::refuse,
     .prepare = SlabTactic<matmul_opencl, 7>::prepare,
     .device = "opencl",
     .predict = SlabTactic<matmul_opencl, 7>::predict},
    {.name = "matmul_wgmma_128x256_opencl",
     .refuse = HopperTactic<matmul_opencl, 0>::refuse,
     .prepare = HopperTactic<matmul_opencl, 0>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 0>::predict},
    {.name = "matmul_wgmma_256x128_opencl",
     .refuse = HopperTactic<matmul_opencl, 1>::refuse,
     .prepare = HopperTactic<matmul_opencl, 1>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 1>::predict},
    {.name = "matmul_wgmma_128x128_opencl",
     .refuse = HopperTactic<matmul_opencl, 2>::refuse,
     .prepare = HopperTactic<matmul_opencl, 2>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 2>::predict},
    {.name = "matmul_wgmma_256x64_opencl",
     .refuse = HopperTactic<matmul_opencl, 3>::refuse,
     .prepare = HopperTactic<matmul_opencl, 3>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 3>::predict},
    {.name = "matmul_wgmma_128x64_opencl",
     .refuse = HopperTactic<matmul_opencl, 4>::refuse,
     .prepare = HopperTactic<matmul_opencl, 4>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 4>::predict},
    {.name = "matmul_wgmma_64x128_opencl",
     .refuse = HopperTactic<matmul_opencl, 5>::refuse,
     .prepare = HopperTactic<matmul_opencl, 5>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 5>::predict},
    {.name = "matmul_wgmma_64x64_opencl",
     .refuse = HopperTactic<matmul_opencl, 6>::refuse,
     .prepare = HopperTactic<matmul_opencl, 6>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 6>::predict},
    {.name = "matmul_wgmma_64x64_split2_opencl",
     .refuse = HopperTactic<matmul_opencl, 7>::refuse,
     .prepare = HopperTactic<matmul_opencl, 7>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 7>::predict},
    {.name = "matmul_wgmma_64x64_split4_opencl",
     .refuse = HopperTactic<matmul_opencl, 8>::refuse,
     .prepare = HopperTactic<matmul_opencl, 8>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 8>::predict},
    {.name = "matmul_wgmma_64x64_split8_opencl",
     .refuse = HopperTactic<matmul_opencl, 9>::refuse,
     .prepare = HopperTactic<matmul_opencl, 9>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 9>::predict},
    {.name = "matmul_wgmma_64x128_split2_opencl",
     .refuse = HopperTactic<matmul_opencl, 10>::refuse,
     .prepare = HopperTactic<matmul_opencl, 10>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 10>::predict},
    {.name = "matmul_wgmma_64x128_split4_opencl",
     .refuse = HopperTactic<matmul_opencl, 11>::refuse,
     .prepare = HopperTactic<matmul_opencl, 11>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 11>::predict},
    {.name = "matmul_wgmma_128x256_kept_opencl",
     .refuse = HopperTactic<matmul_opencl, 12>::refuse,
     .prepare = HopperTactic<matmul_opencl, 12>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 12>::predict},
    {.name = "matmul_wgmma_128x128_kept_opencl",
     .refuse = HopperTactic<matmul_opencl, 13>::refuse,
     .prepare = HopperTactic<matmul_opencl, 13>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 13>::predict},
    {.name = "matmul_wgmma_64x256_kept_opencl",
     .refuse = HopperTactic<matmul_opencl, 14>::refuse,
     .prepare = HopperTactic<matmul_opencl, 14>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 14>::predict},
    {.name = "matmul_wgmma_256x64_kept_opencl",
     .refuse = HopperTactic<matmul_opencl, 15>::refuse,
     .prepare = HopperTactic<matmul_opencl, 15>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 15>::predict},
    {.name = "matmul_wgmma_192x128_opencl",
     .refuse = HopperTactic<matmul_opencl, 16>::refuse,
     .prepare = HopperTactic<matmul_opencl, 16>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 16>::predict},
    {.name = "matmul_wgmma_128x128_turns_opencl",
     .refuse = HopperTactic<matmul_opencl, 17>::refuse,
     .prepare = HopperTactic<matmul_opencl, 17>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 17>::predict},
    {.name = "matmul_wgmma_64x128_turns_opencl",
     .refuse = HopperTactic<matmul_opencl, 18>::refuse,
     .prepare = HopperTactic<matmul_opencl, 18>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 18>::predict},
    {.name = "matmul_wgmma_128x64_turns_opencl",
     .refuse = HopperTactic<matmul_opencl, 19>::refuse,
     .prepare = HopperTactic<matmul_opencl, 19>::prepare,
     .device = "opencl",
     .predict = HopperTactic<matmul_opencl, 19>::predict},
    mma_tactic<MmaTactic<matmul_opencl, 0>>("matmul_mma_256x128_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 1>>("matmul_mma_128x128_deep_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 2>>("matmul_mma_128x128_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 3>>("matmul_mma_256x64_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 4>>("matmul_mma_128x64_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 5>>("matmul_mma_64x128_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 6>>("matmul_mma_64x64_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 7>>("matmul_mma_128x32_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 8>>("matmul_mma_64x64_split2_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 9>>("matmul_mma_64x64_split4_opencl"),
    mma_tactic<MmaTactic<matmul_opencl, 10>>("matmul_mma_64x64_split8_opencl"),
    {.name = "matmul_tiles128_opencl",
     .refuse = ProductTactic<matmul_opencl, ProductForm::tiles128>::refuse,
     .prepare = ProductTactic<matmul_opencl, ProductForm::tiles128>::prepare,
     .device = "opencl",
     .predict = ProductTactic<matmul_opencl, ProductForm::tiles128>::predict},
    {.name = "matmul_tiles64_opencl",
     .refuse = ProductTactic<matmul_opencl, ProductForm::tiles64>::refuse,
     .prepare = ProductTactic<matmul_opencl, ProductForm::tiles64>::prepare,
     .device = "opencl",
     .predict = ProductTactic<matmul_opencl, ProductForm::tiles64>::predict},
    {.name = "matmul_tiles32_opencl",
     .refuse = ProductTactic<matmul_opencl, ProductForm::tiles32>::refuse,
     .prepare = ProductTactic<matmul_opencl, ProductForm::tiles32>::prepare,
     .device = "opencl",
     .predict = ProductTactic<matmul_opencl, ProductForm::tiles32>::predict},
    {.name = "matmul_rows_opencl",
     .refuse = ProductTactic<matmul_opencl, ProductForm::rows>::refuse,
     .prepare = ProductTactic<matmul_opencl, ProductForm::rows>::prepare,
     .device = "opencl",
     .predict = ProductTactic<matmul_opencl, ProductForm::rows>::predict},
    {.name = "matmul_blocks_opencl",
     .refuse = ProductTactic<matmul_opencl, ProductForm::blocks>::refuse,
     .prepare = ProductTactic<matmul_opencl, ProductForm::blocks>::prepare,
     .device = "opencl",
     .predict = ProductTactic<matmul_opencl, ProductForm::blocks>::predict},
};

}  // namespace

std::span<const Tactic> matmul_tactics() { return kTactics; }

}  // namespace vireo::ops
