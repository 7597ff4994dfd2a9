#pragma once
// Maps with channels last on OpenCL devices, an item some pixels of some rows for a vector of channels: how their items
// make work-groups (opencl/maps.cl). Used when a launch is prepared; any thread.

#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

struct MapItems {
  std::int64_t vector = 1;            ///< channels of an item
  std::int64_t pixels = 1, rows = 1;  ///< that an item makes
};

/// The widest vector that divides `channels`: up to 16 bytes of halves, on processors 16 elements.
[[nodiscard]] std::int64_t map_vector(const Problem& problem, std::int64_t channels);
/// Whether vectors of so many channels always lie at multiples of their size, up to 16 bytes, in every tensor but
/// constants: ALIGNED.
[[nodiscard]] bool maps_aligned(const Problem& problem, std::int64_t vector);
/// On GPUs, fewer pixels for each item of small maps: all compute units get some.
void spread_map(const Problem& problem, MapItems& items, std::int64_t batch, std::int64_t height, std::int64_t width,
                std::int64_t channels);
/// VIREO_MAP's arguments for the output's `height` x `width`, and the grid. `items` is cut to the map beforehand.
void add_map(KernelCall& call, const Problem& problem, const MapItems& items, std::int64_t batch, std::int64_t height,
             std::int64_t width, std::int64_t channels);

}  // namespace vireo::ops
