#pragma once
// Tensors seen as lines, for kernels in OpenCL C that reduce or normalise: the axes that a line runs along, and those
// that say which line it is (opencl/lines.cl). Two forms of every such kernel: a work-group shares lines through local
// memory, or each item has its own, which is what processors do best. Used when a launch is prepared; any thread.

#include <span>

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

enum class LineForm : std::uint8_t { shared, serial };

struct Lines {
  Loop outer, inner;
  std::int64_t count = 1, length = 1;
  int tensors = 0;
};

/// `along[i]`: lines run along axis i. `strides`: of each tensor, one for each axis. False beyond kLoopRank axes.
[[nodiscard]] bool plan_lines(const Dims& dims, const std::vector<bool>& along, std::span<const Dims> strides,
                              Lines& lines);
/// A kernel of the file `path`, with opencl/lines.cl before it.
[[nodiscard]] KernelCall line_call(const Problem& problem, std::string_view path, std::string_view entry,
                                   const Lines& lines, LineForm form);
/// VIREO_LINES, then the strides of each tensor across and along lines; and the size of the grid. Other `lanes` than 0:
/// neighbouring items of so many have a line, a power of two up to 256.
void add_lines(KernelCall& call, const Lines& lines, LineForm form, std::int64_t lanes = 0);
/// Of LineForm::shared: the items of a line, and work-groups.
[[nodiscard]] std::int64_t line_lanes(const Lines& lines);
[[nodiscard]] std::int64_t line_groups(const Lines& lines);
/// Seconds, to tell the forms apart.
[[nodiscard]] double predict_lines(const Problem& problem, const Lines& lines, LineForm form);

}  // namespace vireo::ops
