// Maxima of 8-bit planes, channels first, as quantised networks have them: the rows of a window into one row, which the
// compiler turns into vectors, then the columns of it. Bound by the columns' loop: one comparison a tap and result.
#include <algorithm>
#include <limits>

#include "engine/ops/pool/kernels.h"
#include "engine/ops/pool/window.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kTileResults = 16384;  // that make a tile worthwhile

/// Taps of a window that lie inside the axis: [first, last).
struct Inside {
  std::int64_t first = 0, last = 0;
};

struct PoolBytes {
  PoolAxis h, w;
  std::vector<Inside> rows, columns;  ///< by place of the result
  std::int64_t planes = 0, planes_of_tile = 1;
};

std::vector<Inside> inside(const PoolAxis& a) {
  std::vector<Inside> list;
  for (std::int64_t out = 0; out < a.out; ++out) {
    const std::int64_t begin = out * a.stride - a.pad_begin;
    const auto before = [&](std::int64_t end) {
      return std::clamp<std::int64_t>((end - begin + a.dilation - 1) / a.dilation, 0, a.kernel);
    };
    list.push_back({before(0), before(a.in)});
  }
  return list;
}

template <typename T>
void run_pool_bytes(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const PoolBytes*>(args.state);
  T* row = reinterpret_cast<T*>(args.scratch);
  const std::int64_t end = std::min((args.tile + 1) * s.planes_of_tile, s.planes);
  for (std::int64_t plane = args.tile * s.planes_of_tile; plane < end; ++plane) {
    const T* x = static_cast<const T*>(args.inputs[0]) + plane * s.h.in * s.w.in;
    T* y = static_cast<T*>(args.outputs[0]) + plane * s.h.out * s.w.out;
    for (std::int64_t oh = 0; oh < s.h.out; ++oh, y += s.w.out) {
      const Inside rows = s.rows[static_cast<std::size_t>(oh)];
      if (rows.first >= rows.last) {
        std::fill(y, y + s.w.out, T{0});
        continue;
      }
      std::fill(row, row + s.w.in, std::numeric_limits<T>::lowest());
      for (std::int64_t k = rows.first; k < rows.last; ++k) {
        const T* from = x + (oh * s.h.stride - s.h.pad_begin + k * s.h.dilation) * s.w.in;
        for (std::int64_t i = 0; i < s.w.in; ++i) row[i] = std::max(row[i], from[i]);
      }
      for (std::int64_t ow = 0; ow < s.w.out; ++ow) {
        const Inside taps = s.columns[static_cast<std::size_t>(ow)];
        const std::int64_t from = ow * s.w.stride - s.w.pad_begin;
        T best = taps.first < taps.last ? std::numeric_limits<T>::lowest() : T{0};
        for (std::int64_t k = taps.first; k < taps.last; ++k) best = std::max(best, row[from + k * s.w.dilation]);
        y[ow] = best;
      }
    }
  }
}

}  // namespace

std::string refuse_pool_bytes(const Problem& p) {
  const DataType type = p.inputs[0].dtype;
  if (type != DataType::uint8 && type != DataType::int8) return "takes integers of 8 bits only";
  if (p.inputs[0].dims.size() != 4 || channels_last(*p.attributes)) return "takes layout nchw of rank 4 only";
  if (p.outputs.size() > 1 && p.outputs[1].present()) return "makes no indices";
  if (!p.outputs[0].present() || p.outputs[0].count() == 0) return "nothing to do";
  if (!p.inputs[0].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  return refuse_extents(p);
}

Launch prepare_pool_bytes(const Problem& p) {
  const std::vector<PoolAxis> axes = pool_axes(*p.attributes, p.inputs[0].dims);
  const Dims& dims = p.outputs[0].dims;
  auto state =
      std::make_shared<PoolBytes>(PoolBytes{axes[0], axes[1], inside(axes[0]), inside(axes[1]), dims[0] * dims[1]});
  state->planes_of_tile = std::clamp<std::int64_t>(kTileResults / (dims[2] * dims[3]), 1, state->planes);
  graph::CpuLaunch launch;
  launch.phases = {{p.inputs[0].dtype == DataType::uint8 ? run_pool_bytes<std::uint8_t> : run_pool_bytes<std::int8_t>,
                    (state->planes + state->planes_of_tile - 1) / state->planes_of_tile}};
  launch.scratch_bytes = static_cast<std::size_t>(std::max<std::int64_t>(1, p.inputs[0].dims[3]));
  launch.state = std::move(state);
  return launch;
}

}  // namespace vireo::ops
