#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> split_cases() {
  return {{.name = "halves", .inputs = {{2, 8, 5, 3}}, .attributes = attributes({{"axis", 1}}), .outputs = 2},
          {.name = "sizes",
           .inputs = {{4, 19}},
           .attributes = attributes({{"axis", -1}, {"split", Ints{1, 16, 2}}}),
           .outputs = 3},
          {.name = "uneven", .inputs = {{7}}, .attributes = attributes({{"num_outputs", 3}}), .outputs = 3},
          {.name = "nhwc",
           .inputs = {{1, 30, 31, 48}},
           .attributes = attributes({{"axis", 3}, {"split", Ints{16, 32}}}),
           .outputs = 2}};
}

}  // namespace vireo::ops
