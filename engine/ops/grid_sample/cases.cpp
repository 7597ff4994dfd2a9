#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> grid_sample_cases() {
  std::vector<Case> list;
  for (const char* padding : {"zeros", "border", "reflection"})
    for (const char* mode : {"linear", "nearest", "cubic"})
      list.push_back({.name = mode,
                      .inputs = {{2, 5, 6, 7}, {2, 9, 4, 2}},
                      .attributes = attributes({{"mode", mode}, {"padding_mode", padding}})});
  list.push_back(
      {.name = "corners", .inputs = {{1, 33, 8, 8}, {1, 30, 4, 2}}, .attributes = attributes({{"align_corners", 1}})});
  list.push_back({.name = "volume", .inputs = {{1, 2, 4, 5, 6}, {1, 3, 3, 3, 3}}});
  return list;
}

}  // namespace vireo::ops
