#pragma once
// Whole runs of the data's bytes, each row of the output one of them, copied from where an index tensor says: gather
// and gather_nd. Pure; any thread.

#include <algorithm>
#include <cstring>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

struct IndexRuns {
  std::int64_t rows = 0, rows_per_tile = 1;  ///< of the output
  std::size_t run = 0;                       ///< bytes
  bool wide_index = true;                    ///< int64, else int32
};

/// For a layer whose inputs are data and indices: why not, or nothing.
[[nodiscard]] std::string refuse_index_runs(const Problem& problem);
/// `rows` runs of `elements` elements each.
[[nodiscard]] IndexRuns index_runs(const Problem& problem, std::int64_t rows, std::int64_t elements);
[[nodiscard]] Launch launch_index_runs(const IndexRuns& runs, std::shared_ptr<const void> state,
                                       void (*run)(const graph::TileArgs&) noexcept);

/// The rows of a tile. from(row), asked in order: the byte of the data where the row's run starts; negative: an index
/// is outside of its axis, which becomes the fault `outside`.
template <typename From>
void copy_runs(const IndexRuns& s, const graph::TileArgs& args, const char* outside, From from) {
  const auto* x = static_cast<const std::byte*>(args.inputs[0]);
  auto* y = static_cast<std::byte*>(args.outputs[0]);
  const std::int64_t first = args.tile * s.rows_per_tile, end = std::min(first + s.rows_per_tile, s.rows);
  for (std::int64_t row = first; row < end; ++row) {
    const std::int64_t at = from(row);
    if (at < 0) return args.fault->store(outside, std::memory_order_relaxed);
    std::byte* to = y + static_cast<std::size_t>(row) * s.run;
    if (s.run == 4) std::memcpy(to, x + at, 4);
    else if (s.run == 8) std::memcpy(to, x + at, 8);
    else std::memcpy(to, x + at, s.run);
  }
}

}  // namespace vireo::ops
