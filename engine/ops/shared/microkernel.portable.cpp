// Micro-kernels on whatever vectors the compiler has: SSE2, NEON, …
#include "engine/ops/shared/microkernel_body.h"
#include "engine/simd/portable.h"

namespace vireo::ops {
namespace {
using simd::portable::V;

KernelSet make() {
  KernelSet set{};
  set.name = "portable";
  set.width = V::kWidth;
  set.finish = finish_block<V>;
  set.latency_slots = 6;
  set.flops_per_second = 25e9;
  fill_panel<V, 1, 8>(set);
  fill_panel<V, 2, 4>(set);
  return set;
}
}  // namespace

const KernelSet& kernel_set_portable() {
  static const KernelSet set = make();
  return set;
}

}  // namespace vireo::ops
