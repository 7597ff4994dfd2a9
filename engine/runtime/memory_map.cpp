#include "engine/api/memory_map.h"

#include <algorithm>
#include <tuple>

#include "engine/runtime/engine_state.h"

namespace vireo {

std::vector<MemoryMap> memory_map(Context& context) {
  const device::Program& program = context.state().ready().runner->session().program();
  std::vector<MemoryMap> maps;
  for (const auto& segment : program.segments) {
    MemoryMap& map = maps.emplace_back();
    map.device = program.devices[static_cast<std::size_t>(segment->device)];
    map.arena_bytes = segment->arena_bytes;
    map.scratch_bytes = segment->scratch_bytes * static_cast<std::size_t>(segment->workers);
    for (const device::Step& step : segment->steps) map.steps.push_back(step.layer);
    for (const device::ArenaBlock& b : segment->blocks)
      map.blocks.push_back({b.name, b.workspace, b.offset, b.bytes, b.first_step, b.last_step});
    std::sort(map.blocks.begin(), map.blocks.end(), [](const MemoryBlock& a, const MemoryBlock& b) {
      return std::tie(a.offset, a.first_step, a.last_step) < std::tie(b.offset, b.first_step, b.last_step);
    });
  }
  return maps;
}

}  // namespace vireo
