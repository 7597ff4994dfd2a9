#include "engine/ops/shared/movement.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/transpose_blocks.h"

namespace vireo::ops {
namespace {

using Part = MovementPart;
using Kind = MovementPart::Kind;

struct State {
  std::vector<Part> parts;
  std::vector<std::int64_t> first;  ///< first tile of each part
};

template <typename T>
void move_rows(const Part& part, const T* x, T* y, std::int64_t tile) {
  for_rows<2>(part.loop, tile, [&](const std::int64_t* at, std::int64_t n) {
    const T* from = x + at[0];
    T* to = y + at[1];
    if (n * sizeof(T) >= 64) {
      std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    } else {
      for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
    }
  });
}

template <typename T>
void move_elements(const Part& part, const T* x, T* y, std::int64_t tile) {
  const int last = part.loop.rank - 1;
  const std::int64_t dx = part.loop.strides[0][last], dy = part.loop.strides[1][last];
  for_rows<2>(part.loop, tile, [&](const std::int64_t* at, std::int64_t n) {
    const T* from = x + at[0];
    T* to = y + at[1];
    if (dx == 0 && dy == 1) {
      const T value = *from;
      for (std::int64_t i = 0; i < n; ++i) to[i] = value;
    } else if (dy == 1) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = from[i * dx];
    } else {
      for (std::int64_t i = 0; i < n; ++i) to[i * dy] = from[i * dx];
    }
  });
}

/// The last two axes together: axis rank - 2 is contiguous in x, axis rank - 1 in y.
template <typename T>
void move_blocks(const Part& part, const T* x, T* y, std::int64_t tile) {
  const int last = part.loop.rank - 1;
  const std::int64_t first = tile * part.loop.chunk;
  Loop outer = part.loop;
  const bool cut_columns = part.loop.split == last - 1, cut_rows = part.loop.split == last;
  const std::int64_t count = std::min(part.loop.chunk, part.loop.dims[part.loop.split] - first);
  const std::int64_t columns = cut_columns ? count : part.loop.dims[last - 1],
                     rows = cut_rows ? count : part.loop.dims[last];
  const std::int64_t row_pitch = part.loop.strides[0][last], column_pitch = part.loop.strides[1][last - 1];
  outer.dims[last - 1] = outer.dims[last] = 1;
  std::int64_t outer_tile = tile;
  if (cut_columns || cut_rows) {
    x += cut_columns ? first : first * row_pitch;
    y += cut_rows ? first : first * column_pitch;
    outer.split = last;
    outer.chunk = 1;
    outer_tile = 0;
  }
  for_rows<2>(outer, outer_tile, [&](const std::int64_t* at, std::int64_t) {
    transpose_blocks(x + at[0], row_pitch, y + at[1], column_pitch, rows, columns);
  });
}

template <typename T>
void run_part(const Part& part, const graph::TileArgs& args, std::int64_t tile) {
  static constexpr T kZero{};
  const T* x = part.input == kZeros ? &kZero : static_cast<const T*>(args.inputs[part.input]) + part.from;
  T* y = static_cast<T*>(args.outputs[part.output]) + part.to;
  switch (part.kind) {
    case Kind::rows: return move_rows(part, x, y, tile);
    case Kind::blocks: return move_blocks(part, x, y, tile);
    case Kind::elements: return move_elements(part, x, y, tile);
  }
}

template <typename T>
void run_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  std::size_t k = s.parts.size() - 1;
  while (args.tile < s.first[k]) --k;
  run_part<T>(s.parts[k], args, args.tile - s.first[k]);
}

/// Tiles of a transposing part: outer axes if there are enough, else stripes of the longer of the two turned axes.
void cut_blocks(Loop& loop, std::int64_t grain, int workers) {
  std::int64_t total = 1;
  for (int i = 0; i < loop.rank; ++i) total *= loop.dims[i];
  const std::int64_t wanted = std::clamp<std::int64_t>(total / grain, 1, 64 * workers);
  const int last = loop.rank - 1;
  loop.split = loop.dims[last - 1] >= loop.dims[last] ? last - 1 : last;
  for (int i = 0; i < last - 1; ++i)
    if (loop.dims[i] >= wanted) {
      loop.split = i;
      break;
    }
  const std::int64_t extent = loop.dims[loop.split], unit = loop.split >= last - 1 ? 16 : 1;
  loop.chunk = (((extent + wanted - 1) / wanted) + unit - 1) / unit * unit;
  loop.tiles = (extent + loop.chunk - 1) / loop.chunk;
}

}  // namespace

bool plan_movement_part(const StridedCopy& copy, MovementPart& part) {
  // In the order of the output's memory neighbours can merge and writes run forward.
  std::vector<std::size_t> order(copy.dims.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return copy.to_strides[a] > copy.to_strides[b]; });
  Dims dims, strides[2];
  for (std::size_t i : order) {
    dims.push_back(copy.dims[i]);
    strides[0].push_back(copy.from_strides[i]);
    strides[1].push_back(copy.to_strides[i]);
  }
  part.input = copy.input;
  part.output = copy.output;
  part.from = copy.from;
  part.to = copy.to;
  if (!plan_loop(dims, strides, part.loop)) return part.loop.tiles == 0;
  Loop& loop = part.loop;
  const int last = loop.rank - 1;
  if (loop.strides[1][last] == 1 && loop.strides[0][last] == 1) return true;
  part.kind = Kind::elements;
  if (loop.strides[1][last] != 1) return true;
  for (int i = 0; i < last; ++i)
    if (loop.strides[0][i] == 1 && loop.dims[i] >= 2) {  // bring it next to the last axis
      std::rotate(loop.dims + i, loop.dims + i + 1, loop.dims + last);
      for (int k = 0; k < 2; ++k) std::rotate(loop.strides[k] + i, loop.strides[k] + i + 1, loop.strides[k] + last);
      part.kind = Kind::blocks;
      break;
    }
  return true;
}

bool movable(const std::vector<StridedCopy>& copies) {
  for (const StridedCopy& copy : copies) {
    Part part;
    if (!plan_movement_part(copy, part)) return false;
  }
  return true;
}

CpuLaunch plan_movement(const Problem& problem, const std::vector<StridedCopy>& copies, std::size_t size) {
  auto state = std::make_shared<State>();
  const auto grain = static_cast<std::int64_t>(65536 / size);
  std::int64_t tiles = 0;
  for (const StridedCopy& copy : copies) {
    Part part;
    if (!plan_movement_part(copy, part)) throw Error(ErrorCode::internal, "a copy has too many axes");
    if (part.loop.tiles == 0) continue;
    if (part.kind == Kind::blocks) cut_blocks(part.loop, grain, problem.workers);
    else cut_loop(part.loop, grain, problem.workers);
    state->first.push_back(tiles);
    tiles += part.loop.tiles;
    state->parts.push_back(part);
  }
  graph::CpuLaunch launch;
  switch (size) {
    case 1: launch.phases = {{&run_tile<std::uint8_t>, tiles}}; break;
    case 2: launch.phases = {{&run_tile<std::uint16_t>, tiles}}; break;
    case 4: launch.phases = {{&run_tile<std::uint32_t>, tiles}}; break;
    default: launch.phases = {{&run_tile<std::uint64_t>, tiles}}; break;
  }
  launch.state = std::move(state);
  return launch;
}

std::string refuse_movement(const Problem& problem) {
  bool any = false;
  for (const graph::Desc& out : problem.outputs) any = any || (out.present() && out.count() > 0);
  return any ? "" : "nothing to do";
}

}  // namespace vireo::ops
