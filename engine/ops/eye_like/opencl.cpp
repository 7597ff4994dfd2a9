// eye_like on OpenCL devices: zeros, then ones on the diagonal.
#include <algorithm>

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

StridedCopy whole(const Problem& p) {
  return {.input = kZeros, .dims = p.outputs[0].dims, .from_strides = {0, 0}, .to_strides = strides_of(p.outputs[0])};
}

StridedCopy diagonal(const Problem& p) {
  const std::int64_t rows = p.outputs[0].dims[0], columns = p.outputs[0].dims[1];
  const std::int64_t k = std::clamp(p.attributes->integer("k", 0), -rows, columns);
  const Dims to = strides_of(p.outputs[0]);
  return {.input = kZeros,
          .to = k < 0 ? -k * to[0] : k * to[1],
          .dims = {std::max<std::int64_t>(std::min(k < 0 ? rows + k : rows, k < 0 ? columns : columns - k), 0)},
          .from_strides = {0},
          .to_strides = {to[0] + to[1]}};
}

std::string refuse(const Problem& p) { return refuse_opencl_movement(p); }

Launch prepare(const Problem& p) {
  OpenclLaunch launch = opencl_movement(p, {whole(p)});
  for (OpenclKernel& ones : opencl_movement(p, {diagonal(p)}, element_bits(p.outputs[0].dtype, 1)).kernels)
    launch.kernels.push_back(std::move(ones));
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "eye_like_copies_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"}};

}  // namespace

std::span<const Tactic> eye_like_tactics() { return kTactics; }

}  // namespace vireo::ops
