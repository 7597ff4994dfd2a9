#include "engine/ops/shared/opencl_words.h"

#include <algorithm>
#include <cmath>

namespace vireo::ops {

std::string refuse_words(const Problem& p, std::initializer_list<int> tensors) {
  const device::OpenclFacts& facts = p.target->opencl;
  if (facts.resident_groups < 1) return "needs groups that may wait for each other";
  if (!facts.wgmma && facts.resident_groups > 1) return "needs a Hopper GPU, or a group alone";
  for (const int k : tensors) {
    const graph::Desc& desc = k < 0 ? p.outputs[0] : p.inputs[static_cast<std::size_t>(k)];
    if (desc.dtype != DataType::float16) return "takes float16 tensors only";
    if (desc.dims.empty() || desc.dims.back() % 8 != 0) return "takes channels in multiples of 8";
    if (desc.pitch % 8 != 0) return "rows that are no multiple of 8 elements apart";
    if (desc.alignment < 16) return "a tensor that begins at no multiple of 16 bytes";
    if (desc.count() == 0) return "nothing to do";
    if (desc.count() / desc.dims.back() * desc.pitch / 8 > (std::int64_t{1} << 27)) return "a large tensor";
  }
  return {};
}

std::int64_t word_items(const Problem& p, std::int64_t words) {
  const std::int64_t groups = std::max(1, p.target->opencl.resident_groups);
  const std::int64_t each = (words + groups - 1) / groups;
  return std::clamp<std::int64_t>((each + 31) / 32 * 32, 32, 256);
}

OpenclKernel word_part(OpenclKernel kernel, std::int64_t pieces, std::size_t local_bytes) {
  kernel.part = OpenclKernel::Part::resident;
  kernel.anywhere = true;
  kernel.pieces = pieces;
  kernel.local_bytes = local_bytes;
  return kernel;
}

double word_seconds(const Problem& p, std::int64_t words, double rounds) {
  const double groups = std::max(1, p.target->opencl.resident_groups);
  return 0.3e-6 + std::ceil(static_cast<double>(words) / (256.0 * groups)) * rounds * 0.7e-6;
}

}  // namespace vireo::ops
