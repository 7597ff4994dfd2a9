#pragma once
// A memory map as the user sees it.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/api/memory_map.h"

namespace vireo::cli {

/// A table, or with `drawing` an SVG: steps from left to right, the arena from top to bottom, one row of it a segment.
[[nodiscard]] std::string memory_map_text(const std::vector<MemoryMap>& maps, bool drawing);
[[nodiscard]] nlohmann::json memory_map_json(const std::vector<MemoryMap>& maps);

}  // namespace vireo::cli
