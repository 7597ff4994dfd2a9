#include "engine/ops/shared/opencl_maps.h"

#include <algorithm>

namespace vireo::ops {
namespace {

constexpr std::int64_t kNeighbours = 128;  ///< bytes of a pixel that a work-group takes at most
constexpr std::int64_t kSets = 4;          ///< of pixels of a row, likewise

std::int64_t blocks_of(std::int64_t extent, std::int64_t of) { return (extent + of - 1) / of; }

/// At most `of`, so that all parts of the extent are as large as each other.
std::int64_t evenly(std::int64_t extent, std::int64_t of) {
  return blocks_of(extent, blocks_of(extent, std::max<std::int64_t>(of, 1)));
}

/// Vectors of a work-group, as few of them idle as possible.
std::int64_t vectors_together(std::int64_t vectors, std::int64_t most) {
  std::int64_t best = std::min(vectors, most);
  for (std::int64_t n = best; 2 * n > most && n > 0; --n)
    if (blocks_of(vectors, n) * n < blocks_of(vectors, best) * best) best = n;
  return best;
}

}  // namespace

std::int64_t map_vector(const Problem& p, std::int64_t channels) {
  const bool processor = p.target->opencl.on_processor;
  for (const std::int64_t vector : {16, 8, 4})
    if (channels % vector == 0 && (processor || vector <= 8)) return vector;
  return 1;
}

bool maps_aligned(const Problem& p, std::int64_t vector) {
  if (vector != 4 && vector != 8) return false;
  for (const auto* descs : {&p.inputs, &p.outputs})
    for (const graph::Desc& desc : *descs)
      if (desc.present() && !desc.constant && (desc.alignment % 16 != 0 || desc.pitch % vector != 0)) return false;
  return true;
}

void spread_map(const Problem& p, MapItems& items, std::int64_t batch, std::int64_t height, std::int64_t width,
                std::int64_t channels) {
  if (p.target->opencl.on_processor) return;
  const auto count = [&] {
    return blocks_of(channels, items.vector) * blocks_of(width, items.pixels) * blocks_of(height, items.rows) * batch;
  };
  while (items.pixels > 1 && count() < 256 * std::max(1, p.target->workers)) items.pixels /= 2;
}

void add_map(KernelCall& call, const Problem& p, const MapItems& items, std::int64_t batch, std::int64_t height,
             std::int64_t width, std::int64_t channels) {
  const std::int64_t extents[3] = {blocks_of(channels, items.vector), blocks_of(width, items.pixels),
                                   blocks_of(height, items.rows)};
  const auto bytes = items.vector * static_cast<std::int64_t>(size_of(p.outputs[0].dtype));
  std::int64_t local[3] = {}, tiles[3] = {}, groups = 0;
  local[0] = vectors_together(extents[0], std::max<std::int64_t>(kNeighbours / bytes, 1));
  // As large as leaves every compute unit some, so that what is read twice is so by the same one.
  for (std::int64_t most = p.target->opencl.on_processor ? 64 : 256; most >= 64; most /= 2) {
    local[1] = evenly(extents[1], std::min(most / local[0], kSets));
    local[2] = evenly(extents[2], std::min<std::int64_t>(most / (local[0] * local[1]), 64));
    for (int d = 0; d < 3; ++d) tiles[d] = blocks_of(extents[d], local[d]);
    groups = tiles[0] * tiles[1] * tiles[2] * batch;
    if (groups >= 2 * p.target->workers) break;
  }
  call.value(int8_of({extents[0], extents[1], extents[2], batch, local[0], local[1], local[2]}));
  call.value(Int4{{static_cast<std::int32_t>(tiles[0]), static_cast<std::int32_t>(tiles[1]),
                   static_cast<std::int32_t>(tiles[2]), 0}});
  const auto extent = [&](int d) { return static_cast<std::size_t>(local[d]); };
  call.over({groups * local[0], local[1], local[2]}, {extent(0), extent(1), extent(2)});
}

}  // namespace vireo::ops
