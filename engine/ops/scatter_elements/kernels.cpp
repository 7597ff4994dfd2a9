// The data is copied by all workers; then each takes some of the lines along the axis, which no other line's updates
// meet, and writes their updates in order.
#include <algorithm>
#include <cstring>

#include "engine/ops/shared/scatter.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_scatter_elements_opencl(const Problem&);
Launch prepare_scatter_elements_opencl(const Problem&);

namespace {

constexpr std::size_t kCopiedBytes = std::size_t{256} << 10;  // of a tile

struct State {
  std::size_t bytes = 0;
  std::int64_t outer = 1, entries = 0, inner = 1, extent = 0;  ///< updates are [outer][entries][inner]
  std::int64_t part = 1, parts = 1;                            ///< of the inner elements
  std::int64_t outer_part = 1;                                 ///< of the outer ones, for a tile
  ScatterReduction reduction = ScatterReduction::none;
  DataType type = DataType::float32;
  bool wide_index = true;
};

void run_copy(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::size_t first = static_cast<std::size_t>(args.tile) * kCopiedBytes,
                    count = std::min(kCopiedBytes, s.bytes - first);
  std::memcpy(static_cast<std::byte*>(args.outputs[0]) + first, static_cast<const std::byte*>(args.inputs[0]) + first,
              count);
}

template <typename T, typename Index>
void write_lines(const State& s, const TileArgs& args) noexcept {
  const std::int64_t first = args.tile % s.parts * s.part, end = std::min(first + s.part, s.inner);
  const std::int64_t first_outer = args.tile / s.parts * s.outer_part,
                     end_outer = std::min(first_outer + s.outer_part, s.outer);
  for (std::int64_t o = first_outer; o < end_outer; ++o)
    for (std::int64_t k = 0; k < s.entries; ++k) {
      const std::int64_t row = (o * s.entries + k) * s.inner;
      const Index* index = static_cast<const Index*>(args.inputs[1]) + row;
      const T* updates = static_cast<const T*>(args.inputs[2]) + row;
      T* y = static_cast<T*>(args.outputs[0]) + o * s.extent * s.inner;
      for (std::int64_t j = first; j < end; ++j) {
        auto i = static_cast<std::int64_t>(index[j]);
        i += i < 0 ? s.extent : 0;
        if (static_cast<std::uint64_t>(i) >= static_cast<std::uint64_t>(s.extent))
          return args.fault->store("scatter_elements: an index is outside its axis", std::memory_order_relaxed);
        T& element = y[i * s.inner + j];
        if (s.reduction == ScatterReduction::none) element = updates[j];
        else scatter_into(s.reduction, element, updates[j]);
      }
    }
}

void run_updates(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const auto of_type = [&](auto element) {
    using T = decltype(element);
    if (s.wide_index) write_lines<T, std::int64_t>(s, args);
    else write_lines<T, std::int32_t>(s, args);
  };
  if (s.reduction != ScatterReduction::none) {
    if (s.type == DataType::float32) of_type(float{});
    else if (s.type == DataType::int64) of_type(std::int64_t{});
    else of_type(std::int32_t{});
    return;
  }
  switch (size_of(s.type)) {
    case 1: return of_type(std::uint8_t{});
    case 2: return of_type(std::uint16_t{});
    case 4: return of_type(std::uint32_t{});
    default: return of_type(std::uint64_t{});
  }
}

std::size_t axis_of(const Problem& p) { return wrap_axis(p.attributes->integer("axis", 0), p.inputs[0].dims.size()); }

std::string refuse(const Problem& p) {
  for (const graph::Desc& d : p.inputs)
    if (!d.dense()) return "takes dense tensors only";
  if (!p.outputs[0].dense()) return "takes dense tensors only";
  const DataType type = p.inputs[0].dtype;
  const bool reduced = type == DataType::float32 || type == DataType::int64 || type == DataType::int32;
  if (p.attributes->text("reduction", "none") != "none" && !reduced)
    return "a reduction of other types than float32, int64, int32";
  if (p.inputs[1].dtype != DataType::int64 && p.inputs[1].dtype != DataType::int32)
    return "takes indices of int32 and int64 only";
  if (p.outputs[0].count() == 0 || p.inputs[2].count() == 0) return "nothing to do";
  const std::size_t axis = axis_of(p);
  for (std::size_t i = 0; i < p.inputs[0].dims.size(); ++i)
    if (i != axis && p.inputs[0].dims[i] != p.inputs[1].dims[i]) return "the indices leave out parts of the data";
  return "";
}

Launch prepare(const Problem& p) {
  auto s = std::make_shared<State>();
  const Dims &data = p.inputs[0].dims, &index = p.inputs[1].dims;
  const std::size_t axis = axis_of(p);
  scatter_reduction_from(p.attributes->text("reduction", "none"), s->reduction);
  s->type = p.inputs[0].dtype;
  s->bytes = static_cast<std::size_t>(p.outputs[0].count()) * size_of(s->type);
  s->outer = product(data, 0, axis);
  s->inner = product_from(data, axis + 1);
  s->entries = index[axis];
  s->extent = data[axis];
  s->wide_index = p.inputs[1].dtype == DataType::int64;
  const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[2].count() / 8192, 1, 8 * p.workers);
  s->parts = std::clamp<std::int64_t>(wanted / s->outer, 1, (s->inner + 15) / 16);
  s->part = (s->inner + s->parts - 1) / s->parts;
  s->parts = (s->inner + s->part - 1) / s->part;
  s->outer_part = (s->outer + wanted - 1) / wanted;
  CpuLaunch launch;
  launch.phases = {{run_copy, static_cast<std::int64_t>((s->bytes + kCopiedBytes - 1) / kCopiedBytes)},
                   {run_updates, (s->outer + s->outer_part - 1) / s->outer_part * s->parts}};
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "scatter_elements_lines_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "scatter_elements_indexed_opencl",
                                .refuse = refuse_scatter_elements_opencl,
                                .prepare = prepare_scatter_elements_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> scatter_elements_tactics() { return kTactics; }

}  // namespace vireo::ops
