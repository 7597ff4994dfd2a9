#include "engine/ops/shared/opencl_lines.h"

#include <algorithm>
#include <bit>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kItems = 256;  ///< of a work-group that shares lines

/// Lanes of a line: enough for its length; but where lines are neighbours in memory, at least 16 of them in a
/// work-group, so that neighbouring items read neighbouring addresses, and more where there are many.
std::int64_t lanes_of(const Lines& l, bool along) {
  const auto most = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(l.length)));
  std::int64_t together = along ? 1 : 16;
  while (together < kItems && l.count / together > (along ? 2048 : 512)) together *= 2;
  return std::clamp<std::int64_t>(std::min(most, kItems / together), 1, kItems);
}

bool runs_along(const Lines& l) { return l.inner.strides[0][l.inner.rank - 1] == 1 || l.count == 1; }

}  // namespace

bool plan_lines(const Dims& dims, const std::vector<bool>& along, std::span<const Dims> strides, Lines& lines) {
  Dims across_dims, along_dims;
  std::vector<Dims> across_strides(strides.size()), along_strides(strides.size());
  for (std::size_t i = 0; i < dims.size(); ++i) {
    (along[i] ? along_dims : across_dims).push_back(dims[i]);
    for (std::size_t k = 0; k < strides.size(); ++k)
      (along[i] ? along_strides : across_strides)[k].push_back(strides[k][i]);
  }
  lines.count = product_from(across_dims, 0);
  lines.length = product_from(along_dims, 0);
  lines.tensors = static_cast<int>(strides.size());
  return plan_loop(across_dims, across_strides, lines.outer) && plan_loop(along_dims, along_strides, lines.inner);
}

KernelCall line_call(const Problem& p, std::string_view path, std::string_view entry, const Lines& lines,
                     LineForm form) {
  KernelCall call(path, entry);
  call.before("shared/opencl/lines.cl").define("INNER_RANK", lines.inner.rank == 1 ? 1 : kLoopRank);
  call.group_part(form == LineForm::serial ? 0
                                           : 2 * sizeof(std::int64_t) * kItems);  // two blocks of an element an item
  if (form == LineForm::serial) call.define("SERIAL", 1);
  else if (p.target->opencl.on_processor) call.compiled_quickly();
  return call;
}

void add_lines(KernelCall& call, const Lines& l, LineForm form, std::int64_t lanes) {
  const bool along = lanes != 0 || runs_along(l);
  if (lanes == 0) lanes = form == LineForm::serial ? 1 : lanes_of(l, along);
  call.integer(l.count).integer(l.length).integer(lanes).integer(along ? 1 : 0);
  call.value(loop_dims(l.outer)).value(loop_dims(l.inner));
  for (int k = 0; k < l.tensors; ++k) call.value(loop_strides(l.outer, k)).value(loop_strides(l.inner, k));
  if (form == LineForm::serial) call.over({l.count, 1, 1}, {64, 1, 1});
  else call.over({(l.count * lanes + kItems - 1) / kItems * kItems, 1, 1}, {kItems, 1, 1});
}

std::int64_t line_lanes(const Lines& l) { return lanes_of(l, runs_along(l)); }

std::int64_t line_groups(const Lines& l) {
  const std::int64_t together = kItems / line_lanes(l);
  return (l.count + together - 1) / together;
}

double predict_lines(const Problem& p, const Lines& l, LineForm form) {
  const auto elements = static_cast<double>(l.count) * static_cast<double>(l.length);
  if (p.target->opencl.on_processor)  // barriers cost more there than what they share
    return elements * 2e-9 + (form == LineForm::shared ? static_cast<double>(l.count) * 20e-6 : 0.0);
  // A GPU: what one item does one after the other, or what all do at once.
  const auto lanes = static_cast<double>(form == LineForm::serial ? 1 : lanes_of(l, runs_along(l)));
  const double scattered = form == LineForm::serial && runs_along(l) ? 4 : 1;
  return 3e-6 + std::max(static_cast<double>(l.length) / lanes * 60e-9, elements * 2e-12 * scattered) +
         (form == LineForm::shared ? 0.5e-6 : 0.0);
}

}  // namespace vireo::ops
