#include "engine/compile/depth_first_tile.h"

#include <algorithm>
#include <cstring>

#include "engine/compile/depth_first.h"

namespace vireo::compile {
using graph::TileArgs;

namespace {

constexpr std::size_t kMaxInputs = 8;

/// The buffer between two members: rows [start, made) are there.
struct Window {
  std::byte* data = nullptr;
  std::int64_t start = 0, made = -1;
};

/// Makes room for rows up to need.end, keeps those from need.begin on that are there; returns the first row to make.
std::int64_t slide(Window& w, const DepthFirstMember& m, RowRange need) noexcept {
  if (w.made <= need.begin) {
    w.start = w.made = need.begin;
  } else if (need.end - w.start > m.capacity) {
    std::memmove(w.data, w.data + (need.begin - w.start) * m.row_bytes,
                 static_cast<std::size_t>((w.made - need.begin) * m.row_bytes));
    w.start = need.begin;
  }
  return w.made;
}

/// Where row 0 of image 0 would be if the tensor were whole.
std::byte* whole(const Window& w, const DepthFirstMember& m, std::int64_t image) noexcept {
  const std::int64_t first = (image * m.rows.count + w.start) * m.row_bytes;
  return reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(w.data) - static_cast<std::uintptr_t>(first));
}

}  // namespace

RowRange rows_read(const graph::Rows& rows, RowRange out, std::int64_t count) noexcept {
  const std::int64_t begin = std::clamp<std::int64_t>(out.begin * rows.stride - rows.before, 0, count);
  const std::int64_t end = (out.end - 1) * rows.stride - rows.before + rows.window;
  return {begin, std::clamp(end, begin, count)};
}

void run_depth_first(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const DepthFirstState*>(args.state);
  const std::size_t last = s.members.size() - 1;
  const std::int64_t image = args.tile / s.bands, band = args.tile % s.bands, count = s.members[last].rows.count;
  const std::int64_t bottom = count * (band + 1) / s.bands;
  std::array<Window, kMaxDepthFirst> windows;
  for (std::size_t i = 0; i < last; ++i) windows[i].data = args.scratch + s.members[i].offset;
  std::array<RowRange, kMaxDepthFirst> fresh;
  for (std::int64_t row = count * band / s.bands; row < bottom; row += s.chunk) {
    fresh[last] = {row, std::min(row + s.chunk, bottom)};
    for (std::size_t i = last; i-- > 0;) {
      const RowRange need = rows_read(s.members[i + 1].rows, fresh[i + 1], s.members[i].rows.count);
      fresh[i] = {need.end, need.end};
      if (fresh[i + 1].size() > 0) fresh[i].begin = std::min(slide(windows[i], s.members[i], need), need.end);
    }
    for (std::size_t i = 0; i <= last; ++i) {
      if (fresh[i].size() <= 0) continue;
      const DepthFirstMember& m = s.members[i];
      std::array<const void*, kMaxInputs> inputs;
      void* output = i == last ? args.outputs[0] : whole(windows[i], m, image);
      std::size_t next = m.first_input;
      for (std::size_t k = 0; k < m.inputs; ++k)
        inputs[k] = k == 0 && i > 0 ? whole(windows[i - 1], s.members[i - 1], image) : args.inputs[next++];
      const TileArgs own{m.rows.state.get(), inputs.data(), &output, args.scratch + s.member_scratch, nullptr, 0,
                         args.fault};
      m.rows.run(own, image, fresh[i].begin, fresh[i].end);
      if (i < last) windows[i].made = fresh[i].end;
    }
  }
}

}  // namespace vireo::compile
