// pad in the modes that repeat elements: row by row of the output, whose middle is a copy and whose ends are picked one
// by one. Bound by memory.
#include <algorithm>
#include <cstring>

#include "engine/ops/pad/pad.h"
#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {
namespace {

struct PadRows {
  Dims outer;                      ///< extents of the output but the last
  std::vector<Dims> sources;       ///< for each of those axes and each position: elements of the input before it
  Dims ends;                       ///< for each position of a row: which element of the input's row
  std::int64_t low = 0, high = 0;  ///< positions whose elements follow each other
  std::int64_t count = 0, pitch = 0, rows_per_tile = 1;
  std::size_t size = 4;
};

template <typename T>
void write_rows(const PadRows& s, const TileArgs& args) noexcept {
  const std::int64_t first = args.tile * s.rows_per_tile, end = std::min(first + s.rows_per_tile, s.count);
  const auto width = static_cast<std::int64_t>(s.ends.size());
  for (std::int64_t row = first; row < end; ++row) {
    std::int64_t from = 0, rest = row;
    for (std::size_t i = s.outer.size(); i-- > 0; rest /= s.outer[i])
      from += s.sources[i][static_cast<std::size_t>(rest % s.outer[i])];
    const T* x = static_cast<const T*>(args.inputs[0]) + from;
    T* y = static_cast<T*>(args.outputs[0]) + row * s.pitch;
    for (std::int64_t j = 0; j < s.low; ++j) y[j] = x[s.ends[static_cast<std::size_t>(j)]];
    if (s.high > s.low)
      std::memcpy(y + s.low, x + s.ends[static_cast<std::size_t>(s.low)],
                  static_cast<std::size_t>(s.high - s.low) * sizeof(T));
    for (std::int64_t j = s.high; j < width; ++j) y[j] = x[s.ends[static_cast<std::size_t>(j)]];
  }
}

void run_pad_rows(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const PadRows*>(args.state);
  switch (s.size) {
    case 1: return write_rows<std::uint8_t>(s, args);
    case 2: return write_rows<std::uint16_t>(s, args);
    case 4: return write_rows<std::uint32_t>(s, args);
    default: return write_rows<std::uint64_t>(s, args);
  }
}

}  // namespace

std::string refuse_pad_rows(const Problem& p) {
  if (p.attributes->text("mode", "constant") == "constant") return "takes the modes reflect, edge and wrap";
  for (const std::size_t k : {1, 3})
    if (p.inputs.size() > k && p.inputs[k].present() && !p.inputs[k].constant)
      return "the pads are not known when building";
  if (p.inputs[0].dims.empty() || p.inputs[0].count() == 0 || p.outputs[0].count() == 0) return "nothing to do";
  return "";
}

Launch prepare_pad_rows(const Problem& p) {
  auto s = std::make_shared<PadRows>();
  const Dims &in = p.inputs[0].dims, &out = p.outputs[0].dims, begin = pad_begins(p), strides = strides_of(p.inputs[0]);
  const std::string mode = p.attributes->text("mode", "constant");
  const std::size_t last = in.size() - 1;
  s->outer.assign(out.begin(), out.end() - 1);
  s->sources.resize(last);
  for (std::size_t axis = 0; axis < last; ++axis)
    for (std::int64_t i = 0; i < out[axis]; ++i)
      s->sources[axis].push_back(pad_source(i - begin[axis], in[axis], mode) * strides[axis]);
  for (std::int64_t i = 0; i < out[last]; ++i) s->ends.push_back(pad_source(i - begin[last], in[last], mode));
  s->low = std::clamp<std::int64_t>(begin[last], 0, out[last]);
  s->high = std::clamp<std::int64_t>(begin[last] + in[last], s->low, out[last]);
  s->count = product(out, 0, last);
  s->pitch = p.outputs[0].pitch;
  s->size = size_of(p.inputs[0].dtype);
  const std::int64_t tiles =
      std::clamp<std::int64_t>(p.outputs[0].count() / 16384, 1, std::min<std::int64_t>(32 * p.workers, s->count));
  s->rows_per_tile = (s->count + tiles - 1) / tiles;
  CpuLaunch launch;
  launch.phases = {{run_pad_rows, (s->count + s->rows_per_tile - 1) / s->rows_per_tile}};
  launch.unread_inputs = 0b1110;
  launch.state = std::move(s);
  return launch;
}

}  // namespace vireo::ops
