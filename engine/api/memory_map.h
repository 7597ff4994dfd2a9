#pragma once
// What lies where in a context's arena, and when: for looking at, and for finding what makes it large.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "engine/api/export.h"

namespace vireo {

/// Bytes that are taken from one step to another, both included.
struct MemoryBlock {
  std::string name;  ///< of the tensor that lies there first; of the layer, for a workspace
  bool workspace = false;
  std::uint64_t offset = 0, bytes = 0;
  int first_step = 0, last_step = 0;
};

/// The arena of one segment: what one device runs without a break.
struct MemoryMap {
  std::string device;
  std::uint64_t arena_bytes = 0;    ///< offsets are below it
  std::uint64_t scratch_bytes = 0;  ///< of all workers together, beside the arena
  std::vector<std::string> steps;   ///< names of their layers, in order
  std::vector<MemoryBlock> blocks;  ///< by offset, then by step. Bound inputs and outputs, and weights, lie elsewhere
};

/// At the context's present shapes, segment after segment. Layers whose shapes depend on data are not in it. Throws
/// like Context::arena_bytes().
[[nodiscard]] VIREO_API std::vector<MemoryMap> memory_map(Context& context);

}  // namespace vireo
