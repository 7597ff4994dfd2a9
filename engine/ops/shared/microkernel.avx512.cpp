// Micro-kernels on AVX-512: 32 registers hold up to 28 sums.
#include "engine/ops/shared/microkernel_body.h"
#include "engine/simd/avx512.h"

namespace vireo::ops {
namespace {
using simd::avx512::V;

KernelSet make() {
  KernelSet set{};
  set.name = "avx512";
  set.width = V::kWidth;
  set.finish = finish_block<V>;
  set.latency_slots = 6;
  set.flops_per_second = 120e9;
  fill_panel<V, 1, 16, true>(set);
  fill_panel<V, 2, 14, true>(set);
  fill_panel<V, 3, 9, true>(set);
  fill_panel<V, 4, 7, true>(set);
  return set;
}
}  // namespace

const KernelSet& kernel_set_avx512() {
  static const KernelSet set = make();
  return set;
}

}  // namespace vireo::ops
