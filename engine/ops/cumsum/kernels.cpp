// Along an axis with others behind it: a running sum for each of a few hundred columns, in vectors; along the last axis
// row by row. Sums are kept wide, as in the specification.
#include <algorithm>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_cumsum_opencl(const Problem&);
Launch prepare_cumsum_opencl(const Problem&);

namespace {

constexpr std::int64_t kColumns = 256;

struct State {
  std::int64_t outer = 1, extent = 0, inner = 1, parts = 1, outer_part = 1;
  bool exclusive = false, reverse = false;
  DataType type = DataType::float32;
};

/// Columns [first, first + count) of one outer entry.
template <typename T>
void run_columns(const State& s, const T* x, T* y, std::int64_t first, std::int64_t count) noexcept {
  Wide<T> sums[kColumns];
  std::fill_n(sums, count, Wide<T>(0));
  for (std::int64_t n = 0; n < s.extent; ++n) {
    const std::int64_t at = (s.reverse ? s.extent - 1 - n : n) * s.inner + first;
    for (std::int64_t i = 0; i < count; ++i) {
      const Wide<T> next = wrapping_add(sums[i], static_cast<Wide<T>>(x[at + i]));
      y[at + i] = static_cast<T>(s.exclusive ? sums[i] : next);
      sums[i] = next;
    }
  }
}

/// One line whose elements follow each other: its sum stays in a register.
template <typename T>
void run_line(const State& s, const T* x, T* y) noexcept {
  Wide<T> sum = 0;
  for (std::int64_t n = 0; n < s.extent; ++n) {
    const std::int64_t at = s.reverse ? s.extent - 1 - n : n;
    const Wide<T> next = wrapping_add(sum, static_cast<Wide<T>>(x[at]));
    y[at] = static_cast<T>(s.exclusive ? sum : next);
    sum = next;
  }
}

template <typename T>
void run_tile(const State& s, const TileArgs& args) noexcept {
  const std::int64_t part = args.tile % s.parts, first = args.tile / s.parts * s.outer_part,
                     end = std::min(first + s.outer_part, s.outer);
  const std::int64_t column = part * kColumns, count = std::min(kColumns, s.inner - column);
  for (std::int64_t o = first; o < end; ++o) {
    const T* x = static_cast<const T*>(args.inputs[0]) + o * s.extent * s.inner;
    T* y = static_cast<T*>(args.outputs[0]) + o * s.extent * s.inner;
    if (s.inner == 1) run_line(s, x, y);
    else run_columns(s, x, y, column, count);
  }
}

void run(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  if (s.type == DataType::float32) run_tile<float>(s, args);
  else if (s.type == DataType::int64) run_tile<std::int64_t>(s, args);
  else run_tile<std::int32_t>(s, args);
}

std::string refuse(const Problem& p) {
  const DataType type = p.inputs[0].dtype;
  if (type != DataType::float32 && type != DataType::int64 && type != DataType::int32)
    return "takes float32, int64, int32";
  if (p.attributes->text("function", "sum") != "sum") return "sums only";
  if (!p.inputs[1].constant) return "the axis is not known when building";
  if (!p.inputs[0].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  return p.outputs[0].count() == 0 || p.inputs[0].dims.empty() ? "nothing to do" : "";
}

Launch prepare(const Problem& p) {
  auto s = std::make_shared<State>();
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(to_integers(*p.inputs[1].constant).at(0), dims.size());
  s->outer = product(dims, 0, axis);
  s->extent = dims[axis];
  s->inner = product_from(dims, axis + 1);
  s->exclusive = p.attributes->integer("exclusive", 0) != 0;
  s->reverse = p.attributes->integer("reverse", 0) != 0;
  s->type = p.inputs[0].dtype;
  s->parts = (s->inner + kColumns - 1) / kColumns;
  const std::int64_t wanted = std::clamp<std::int64_t>(p.outputs[0].count() / 8192, 1, 32 * p.workers);
  s->outer_part = (s->outer + wanted - 1) / wanted;
  CpuLaunch launch;
  launch.phases = {{run, (s->outer + s->outer_part - 1) / s->outer_part * s->parts}};
  launch.unread_inputs = 0b10;
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "cumsum_columns_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "cumsum_items_opencl",
                                .refuse = refuse_cumsum_opencl,
                                .prepare = prepare_cumsum_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> cumsum_tactics() { return kTactics; }

}  // namespace vireo::ops
