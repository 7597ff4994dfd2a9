// Micro-kernels on AVX2: 16 registers hold up to 12 sums.
#include "engine/ops/shared/microkernel_body.h"
#include "engine/simd/avx2.h"

namespace vireo::ops {
namespace {
using simd::avx2::V;

KernelSet make() {
  KernelSet set{};
  set.name = "avx2";
  set.width = V::kWidth;
  set.finish = finish_block<V>;
  set.latency_slots = 9;
  set.flops_per_second = 100e9;
  fill_panel<V, 1, 12>(set);
  fill_panel<V, 2, 4>(set);
  fill_panel<V, 3, 4>(set);
  fill_panel<V, 4, 3>(set);
  return set;
}
}  // namespace

const KernelSet& kernel_set_avx2() {
  static const KernelSet set = make();
  return set;
}

}  // namespace vireo::ops
