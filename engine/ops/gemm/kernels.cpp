// Ordered tactics of gemm.
#include "engine/base/text.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/gemm/opencl.h"
#include "engine/ops/shared/bf16_error.h"
#include "engine/ops/shared/gemm.h"
#include "engine/ops/shared/hopper_matrix.h"
#include "engine/ops/shared/mma_matrix.h"
#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using graph::Desc;
using graph::Isa;
using graph::Launch;
using graph::Problem;
using graph::Tactic;

bool present(const Problem& p, std::size_t i) { return p.inputs.size() > i && p.inputs[i].present(); }

/// The addend is one row for all rows of C (or one value).
bool is_row(const Desc& addend) { return addend.dims.size() < 2 || addend.dims[0] == 1; }

std::string refuse(const Problem& p) {
  for (const Desc& d : p.inputs)
    if (d.present() && d.dtype != DataType::float32) return base::str("an input is ", d.dtype, ", not float32");
  if (p.outputs[0].count() == 0 || p.inputs[0].count() == 0) return "an extent is 0";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  if (p.outputs[0].dims[1] > kMostColumns || p.inputs[0].count() / p.outputs[0].dims[0] > kMostDepth)
    return "more columns or a longer sum than panels are made for";
  if (p.inputs[1].constant && !p.inputs[1].dense()) return "constant operand with gaps";
  if (present(p, 2) && !is_row(p.inputs[2]) && present(p, 3)) return "a matrix addend besides a residual";
  return {};
}

BatchedGemm read(const Problem& p) {
  const graph::Attributes& a = *p.attributes;
  BatchedGemm out;
  out.trans_a = a.integer("transA", 0) != 0;
  out.trans_b = a.integer("transB", 0) != 0;
  out.m = p.outputs[0].dims[0];
  out.n = p.outputs[0].dims[1];
  out.k = p.inputs[0].dims[out.trans_a ? 0 : 1];
  out.alpha = static_cast<float>(a.real("alpha", 1.0));
  out.beta = static_cast<float>(a.real("beta", 1.0));
  out.a_pitch = p.inputs[0].pitch;
  out.b_pitch = p.inputs[1].pitch;
  out.c_pitch = p.outputs[0].pitch;
  if (p.inputs[1].constant) out.b = p.inputs[1].constant.get();
  if (present(p, 2)) {
    const Desc& addend = p.inputs[2];
    if (is_row(addend)) {
      out.bias_step = addend.dims.empty() || addend.dims.back() == 1 ? 0 : 1;
      out.bias = addend.constant.get();
      out.bias_input = 2;
    } else {
      out.addend_input = 2;
      out.addend_row = addend.pitch;
      out.addend_column = addend.dims.back() == 1 ? 0 : 1;
    }
  }
  if (present(p, 3)) {
    out.residual_input = 3;
    out.residual_before = a.text("residual", "") == "before";
    out.r_pitch = p.inputs[3].pitch;
  }
  out.activation = activation_of(a, true);
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
  if (p.attributes->integer("transA", 0) != 0) return "A is transposed";
  return refuse(p);
}

/// Weights are measured, on whichever side they are. Two operands that data decide are nothing to measure: products of
/// independent terms are off by 0.24 % (bf16_error.h), and whether terms cancel is not known before they are there.
std::string admit(const Problem& p) {
  const BatchedGemm g = read(p);
  if (!g.b && p.inputs[0].constant && p.inputs[0].dense())
    return admit_bf16(p, 0, {.columns = g.m, .depth = g.k, .column_step = g.k});
  if (!g.b) return {};
  return admit_bf16(p, 1,
                    {.columns = g.n,
                     .depth = g.k,
                     .column_step = g.trans_b ? g.b_pitch : 1,
                     .depth_step = g.trans_b ? 1 : g.b_pitch});
}

const Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "gemm_panels_amx_bf16",
     .isa = Isa::amx_bf16,
     .arithmetic = Precision::bf16,
     .exact = false,
     .refuse = refuse_bf16,
     .admit = admit,
     .prepare = prepare<kernel_set_amx_bf16>,
     .predict = predict<kernel_set_amx_bf16>},
    {.name = "gemm_panels_avx512_bf16",
     .isa = Isa::avx512_bf16,
     .arithmetic = Precision::bf16,
     .exact = false,
     .refuse = refuse_bf16,
     .admit = admit,
     .prepare = prepare<kernel_set_avx512_bf16>,
     .predict = predict<kernel_set_avx512_bf16>},
    {.name = "gemm_panels_avx512",
     .isa = Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx512>,
     .predict = predict<kernel_set_avx512>},
    {.name = "gemm_panels_avx2",
     .isa = Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<kernel_set_avx2>,
     .predict = predict<kernel_set_avx2>},
#endif
    {.name = "gemm_panels_portable",
     .refuse = refuse,
     .prepare = prepare<kernel_set_portable>,
     .predict = predict<kernel_set_portable>},
    {.name = "gemm_slab_64x32_opencl",
     .refuse = SlabTactic<gemm_opencl, 0>::refuse,
     .prepare = SlabTactic<gemm_opencl, 0>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 0>::predict},
    {.name = "gemm_slab_64x32_split2_opencl",
     .refuse = SlabTactic<gemm_opencl, 1>::refuse,
     .prepare = SlabTactic<gemm_opencl, 1>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 1>::predict},
    {.name = "gemm_slab_64x32_split4_opencl",
     .refuse = SlabTactic<gemm_opencl, 2>::refuse,
     .prepare = SlabTactic<gemm_opencl, 2>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 2>::predict},
    {.name = "gemm_slab_64x32_split8_opencl",
     .refuse = SlabTactic<gemm_opencl, 3>::refuse,
     .prepare = SlabTactic<gemm_opencl, 3>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 3>::predict},
    {.name = "gemm_slab_64x64_opencl",
     .refuse = SlabTactic<gemm_opencl, 4>::refuse,
     .prepare = SlabTactic<gemm_opencl, 4>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 4>::predict},
    {.name = "gemm_slab_64x128_opencl",
     .refuse = SlabTactic<gemm_opencl, 5>::refuse,
     .prepare = SlabTactic<gemm_opencl, 5>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 5>::predict},
    {.name = "gemm_slab_128x32_opencl",
     .refuse = SlabTactic<gemm_opencl, 6>::refuse,
     .prepare = SlabTactic<gemm_opencl, 6>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 6>::predict},
    {.name = "gemm_slab_128x64_opencl",
     .refuse = SlabTactic<gemm_opencl, 7>::refuse,
     .prepare = SlabTactic<gemm_opencl, 7>::prepare,
     .device = "opencl",
     .predict = SlabTactic<gemm_opencl, 7>::predict},
    {.name = "gemm_wgmma_128x256_opencl",
     .refuse = HopperTactic<gemm_opencl, 0>::refuse,
     .prepare = HopperTactic<gemm_opencl, 0>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 0>::predict},
    {.name = "gemm_wgmma_256x128_opencl",
     .refuse = HopperTactic<gemm_opencl, 1>::refuse,
     .prepare = HopperTactic<gemm_opencl, 1>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 1>::predict},
    {.name = "gemm_wgmma_128x128_opencl",
     .refuse = HopperTactic<gemm_opencl, 2>::refuse,
     .prepare = HopperTactic<gemm_opencl, 2>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 2>::predict},
    {.name = "gemm_wgmma_256x64_opencl",
     .refuse = HopperTactic<gemm_opencl, 3>::refuse,
     .prepare = HopperTactic<gemm_opencl, 3>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 3>::predict},
    {.name = "gemm_wgmma_128x64_opencl",
     .refuse = HopperTactic<gemm_opencl, 4>::refuse,
     .prepare = HopperTactic<gemm_opencl, 4>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 4>::predict},
    {.name = "gemm_wgmma_64x128_opencl",
     .refuse = HopperTactic<gemm_opencl, 5>::refuse,
     .prepare = HopperTactic<gemm_opencl, 5>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 5>::predict},
    {.name = "gemm_wgmma_64x64_opencl",
     .refuse = HopperTactic<gemm_opencl, 6>::refuse,
     .prepare = HopperTactic<gemm_opencl, 6>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 6>::predict},
    {.name = "gemm_wgmma_64x64_split2_opencl",
     .refuse = HopperTactic<gemm_opencl, 7>::refuse,
     .prepare = HopperTactic<gemm_opencl, 7>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 7>::predict},
    {.name = "gemm_wgmma_64x64_split4_opencl",
     .refuse = HopperTactic<gemm_opencl, 8>::refuse,
     .prepare = HopperTactic<gemm_opencl, 8>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 8>::predict},
    {.name = "gemm_wgmma_64x64_split8_opencl",
     .refuse = HopperTactic<gemm_opencl, 9>::refuse,
     .prepare = HopperTactic<gemm_opencl, 9>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 9>::predict},
    {.name = "gemm_wgmma_64x128_split2_opencl",
     .refuse = HopperTactic<gemm_opencl, 10>::refuse,
     .prepare = HopperTactic<gemm_opencl, 10>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 10>::predict},
    {.name = "gemm_wgmma_64x128_split4_opencl",
     .refuse = HopperTactic<gemm_opencl, 11>::refuse,
     .prepare = HopperTactic<gemm_opencl, 11>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 11>::predict},
    {.name = "gemm_wgmma_128x256_kept_opencl",
     .refuse = HopperTactic<gemm_opencl, 12>::refuse,
     .prepare = HopperTactic<gemm_opencl, 12>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 12>::predict},
    {.name = "gemm_wgmma_128x128_kept_opencl",
     .refuse = HopperTactic<gemm_opencl, 13>::refuse,
     .prepare = HopperTactic<gemm_opencl, 13>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 13>::predict},
    {.name = "gemm_wgmma_64x256_kept_opencl",
     .refuse = HopperTactic<gemm_opencl, 14>::refuse,
     .prepare = HopperTactic<gemm_opencl, 14>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 14>::predict},
    {.name = "gemm_wgmma_256x64_kept_opencl",
     .refuse = HopperTactic<gemm_opencl, 15>::refuse,
     .prepare = HopperTactic<gemm_opencl, 15>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 15>::predict},
    {.name = "gemm_wgmma_192x128_opencl",
     .refuse = HopperTactic<gemm_opencl, 16>::refuse,
     .prepare = HopperTactic<gemm_opencl, 16>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 16>::predict},
    {.name = "gemm_wgmma_128x128_turns_opencl",
     .refuse = HopperTactic<gemm_opencl, 17>::refuse,
     .prepare = HopperTactic<gemm_opencl, 17>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 17>::predict},
    {.name = "gemm_wgmma_64x128_turns_opencl",
     .refuse = HopperTactic<gemm_opencl, 18>::refuse,
     .prepare = HopperTactic<gemm_opencl, 18>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 18>::predict},
    {.name = "gemm_wgmma_128x64_turns_opencl",
     .refuse = HopperTactic<gemm_opencl, 19>::refuse,
     .prepare = HopperTactic<gemm_opencl, 19>::prepare,
     .device = "opencl",
     .predict = HopperTactic<gemm_opencl, 19>::predict},
    mma_tactic<MmaTactic<gemm_opencl, 0>>("gemm_mma_256x128_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 1>>("gemm_mma_128x128_deep_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 2>>("gemm_mma_128x128_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 3>>("gemm_mma_256x64_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 4>>("gemm_mma_128x64_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 5>>("gemm_mma_64x128_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 6>>("gemm_mma_64x64_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 7>>("gemm_mma_128x32_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 8>>("gemm_mma_64x64_split2_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 9>>("gemm_mma_64x64_split4_opencl"),
    mma_tactic<MmaTactic<gemm_opencl, 10>>("gemm_mma_64x64_split8_opencl"),
    {.name = "gemm_tiles128_opencl",
     .refuse = ProductTactic<gemm_opencl, ProductForm::tiles128>::refuse,
     .prepare = ProductTactic<gemm_opencl, ProductForm::tiles128>::prepare,
     .device = "opencl",
     .predict = ProductTactic<gemm_opencl, ProductForm::tiles128>::predict},
    {.name = "gemm_tiles64_opencl",
     .refuse = ProductTactic<gemm_opencl, ProductForm::tiles64>::refuse,
     .prepare = ProductTactic<gemm_opencl, ProductForm::tiles64>::prepare,
     .device = "opencl",
     .predict = ProductTactic<gemm_opencl, ProductForm::tiles64>::predict},
    {.name = "gemm_tiles32_opencl",
     .refuse = ProductTactic<gemm_opencl, ProductForm::tiles32>::refuse,
     .prepare = ProductTactic<gemm_opencl, ProductForm::tiles32>::prepare,
     .device = "opencl",
     .predict = ProductTactic<gemm_opencl, ProductForm::tiles32>::predict},
    {.name = "gemm_rows_opencl",
     .refuse = ProductTactic<gemm_opencl, ProductForm::rows>::refuse,
     .prepare = ProductTactic<gemm_opencl, ProductForm::rows>::prepare,
     .device = "opencl",
     .predict = ProductTactic<gemm_opencl, ProductForm::rows>::predict},
    {.name = "gemm_blocks_opencl",
     .refuse = ProductTactic<gemm_opencl, ProductForm::blocks>::refuse,
     .prepare = ProductTactic<gemm_opencl, ProductForm::blocks>::prepare,
     .device = "opencl",
     .predict = ProductTactic<gemm_opencl, ProductForm::blocks>::predict},
};

}  // namespace

std::span<const Tactic> gemm_tactics() { return kTactics; }

}  // namespace vireo::ops
