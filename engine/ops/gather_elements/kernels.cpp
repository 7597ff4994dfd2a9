// Row by row of the indices, elements as plain bits. Bound by the reads at random of the data.
#include <algorithm>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_gather_elements_opencl(const Problem&);
Launch prepare_gather_elements_opencl(const Problem&);

namespace {

struct State {
  Dims rows;     ///< extents of the indices but the last
  Dims strides;  ///< of the data along those axes; 0 along the one that is indexed
  std::int64_t row = 0, count = 0, rows_per_tile = 1;  ///< elements of a row; rows
  std::int64_t extent = 0, step = 0;                   ///< of the data along the axis
  std::int64_t along = 0;                              ///< elements of the data from one element of a row to the next
  bool wide_index = true;
  std::size_t size = 4;
};

template <typename T, typename Index>
bool copy_row(const State& s, const T* x, const Index* index, T* y) noexcept {
  for (std::int64_t j = 0; j < s.row; ++j) {
    auto i = static_cast<std::int64_t>(index[j]);
    i += i < 0 ? s.extent : 0;
    if (static_cast<std::uint64_t>(i) >= static_cast<std::uint64_t>(s.extent)) return false;
    y[j] = x[j * s.along + i * s.step];
  }
  return true;
}

template <typename T, typename Index>
void copy_tile(const State& s, const TileArgs& args) noexcept {
  const std::int64_t first = args.tile * s.rows_per_tile, end = std::min(first + s.rows_per_tile, s.count);
  for (std::int64_t row = first; row < end; ++row) {
    std::int64_t from = 0, rest = row;
    for (std::size_t i = s.rows.size(); i-- > 0; rest /= s.rows[i]) from += rest % s.rows[i] * s.strides[i];
    if (!copy_row(s, static_cast<const T*>(args.inputs[0]) + from,
                  static_cast<const Index*>(args.inputs[1]) + row * s.row,
                  static_cast<T*>(args.outputs[0]) + row * s.row))
      return args.fault->store("gather_elements: an index is outside its axis", std::memory_order_relaxed);
  }
}

void run(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const auto of_size = [&](auto element) {
    using T = decltype(element);
    if (s.wide_index) copy_tile<T, std::int64_t>(s, args);
    else copy_tile<T, std::int32_t>(s, args);
  };
  if (s.size == 1) of_size(std::uint8_t{});
  else if (s.size == 2) of_size(std::uint16_t{});
  else if (s.size == 4) of_size(std::uint32_t{});
  else of_size(std::uint64_t{});
}

std::string refuse(const Problem& p) {
  if (!p.inputs[0].dense() || !p.inputs[1].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  if (p.inputs[1].dtype != DataType::int64 && p.inputs[1].dtype != DataType::int32)
    return "takes indices of int32 and int64 only";
  return p.outputs[0].count() == 0 ? "nothing to do" : "";
}

Launch prepare(const Problem& p) {
  auto s = std::make_shared<State>();
  const Dims &data = p.inputs[0].dims, &index = p.inputs[1].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), data.size()), last = index.size() - 1;
  const Dims strides = strides_of(data);
  s->rows.assign(index.begin(), index.end() - 1);
  s->strides.assign(strides.begin(), strides.end() - 1);
  if (axis < last) s->strides[axis] = 0;
  s->along = axis < last ? 1 : 0;
  s->extent = data[axis];
  s->step = strides[axis];
  s->row = index[last];
  s->count = product(index, 0, last);
  s->wide_index = p.inputs[1].dtype == DataType::int64;
  s->size = size_of(p.inputs[0].dtype);
  const std::int64_t tiles =
      std::clamp<std::int64_t>(p.outputs[0].count() / 8192, 1, std::min<std::int64_t>(32 * p.workers, s->count));
  s->rows_per_tile = (s->count + tiles - 1) / tiles;
  CpuLaunch launch;
  launch.phases = {{run, (s->count + s->rows_per_tile - 1) / s->rows_per_tile}};
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "gather_elements_rows_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "gather_elements_indexed_opencl",
                                .refuse = refuse_gather_elements_opencl,
                                .prepare = prepare_gather_elements_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> gather_elements_tactics() { return kTactics; }

}  // namespace vireo::ops
