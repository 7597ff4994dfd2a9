// The data is copied by all workers, then the updates are written in their order: where they are long runs by all
// workers, each its part of every run, else by one. Elements as plain bits, sums of float32.
#include <algorithm>
#include <cstring>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_scatter_nd_opencl(const Problem&);
Launch prepare_scatter_nd_opencl(const Problem&);

namespace {

constexpr std::size_t kCopied = std::size_t{256} << 10;  // bytes of a tile

struct State {
  std::size_t bytes = 0, size = 4;
  std::int64_t positions = 0, run = 0, part = 0;  ///< runs, their elements, those of a tile
  std::vector<std::int64_t> extents, strides;
  bool wide_index = true, adds = false;
};

void run_copy(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::size_t first = static_cast<std::size_t>(args.tile) * kCopied, count = std::min(kCopied, s.bytes - first);
  std::memcpy(static_cast<std::byte*>(args.outputs[0]) + first, static_cast<const std::byte*>(args.inputs[0]) + first,
              count);
}

template <typename Index>
void write_runs(const State& s, const TileArgs& args) noexcept {
  const std::int64_t first = args.tile * s.part, count = std::min(s.part, s.run - first);
  const auto bytes = static_cast<std::size_t>(count) * s.size;
  const auto* index = static_cast<const Index*>(args.inputs[1]);
  const auto* from = static_cast<const std::byte*>(args.inputs[2]) + static_cast<std::size_t>(first) * s.size;
  auto* to = static_cast<std::byte*>(args.outputs[0]) + static_cast<std::size_t>(first) * s.size;
  for (std::int64_t p = 0; p < s.positions; ++p, from += static_cast<std::size_t>(s.run) * s.size) {
    std::int64_t at = 0;
    for (std::size_t k = 0; k < s.extents.size(); ++k) {
      auto i = static_cast<std::int64_t>(*index++);
      i += i < 0 ? s.extents[k] : 0;
      if (static_cast<std::uint64_t>(i) >= static_cast<std::uint64_t>(s.extents[k]))
        return args.fault->store("scatter_nd: an index is outside its axis", std::memory_order_relaxed);
      at += i * s.strides[k];
    }
    std::byte* const place = to + static_cast<std::size_t>(at) * s.size;
    if (!s.adds) {
      std::memcpy(place, from, bytes);
      continue;
    }
    auto* sums = reinterpret_cast<float*>(place);
    const auto* terms = reinterpret_cast<const float*>(from);
    for (std::int64_t i = 0; i < count; ++i) sums[i] += terms[i];
  }
}

void run_updates(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  if (s.wide_index) write_runs<std::int64_t>(s, args);
  else write_runs<std::int32_t>(s, args);
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& d : p.inputs)
    if (!d.dense()) return "takes dense tensors only";
  if (!p.outputs[0].dense()) return "takes dense tensors only";
  const std::string reduction = p.attributes->text("reduction", "none");
  if (reduction != "none" && (reduction != "add" || p.inputs[0].dtype != DataType::float32))
    return "a reduction other than sums of float32";
  if (p.inputs[1].dtype != DataType::int64 && p.inputs[1].dtype != DataType::int32)
    return "takes indices of int32 and int64 only";
  return p.outputs[0].count() == 0 || p.inputs[2].count() == 0 ? "nothing to do" : "";
}

Launch prepare(const Problem& p) {
  auto s = std::make_shared<State>();
  const Dims &data = p.inputs[0].dims, &index = p.inputs[1].dims;
  const auto depth = static_cast<std::size_t>(index.back());
  const Dims strides = strides_of(data);
  s->size = size_of(p.inputs[0].dtype);
  s->bytes = static_cast<std::size_t>(p.outputs[0].count()) * s->size;
  s->positions = product(index, 0, index.size() - 1);
  s->run = product_from(data, depth);
  s->extents.assign(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(depth));
  s->strides.assign(strides.begin(), strides.begin() + static_cast<std::ptrdiff_t>(depth));
  s->wide_index = p.inputs[1].dtype == DataType::int64;
  s->adds = p.attributes->text("reduction", "none") == "add";
  const std::int64_t parts = std::clamp<std::int64_t>(s->run / 4096, 1, 4 * p.workers);
  s->part = (s->run + parts - 1) / parts;
  CpuLaunch launch;
  launch.phases = {{run_copy, static_cast<std::int64_t>((s->bytes + kCopied - 1) / kCopied)},
                   {run_updates, (s->run + s->part - 1) / s->part}};
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "scatter_nd_runs_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "scatter_nd_indexed_opencl",
                                .refuse = refuse_scatter_nd_opencl,
                                .prepare = prepare_scatter_nd_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> scatter_nd_tactics() { return kTactics; }

}  // namespace vireo::ops
