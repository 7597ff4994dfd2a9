#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> softmax_cases() {
  return {{.name = "last", .inputs = {{5, 37}}},
          {.name = "long", .inputs = {{2, 1000}}},
          {.name = "one", .inputs = {{7, 1}}},
          {.name = "pairs", .inputs = {{1, 300, 2}}},
          {.name = "middle", .inputs = {{2, 9, 35}}, .attributes = attributes({{"axis", 1}})},
          {.name = "channels", .inputs = {{2, 16, 4, 21}}, .attributes = attributes({{"axis", 1}})},
          {.name = "log", .inputs = {{3, 21}}, .attributes = attributes({{"mode", "log_softmax"}})},
          {.name = "log of channels",
           .inputs = {{2, 21, 4, 9}},
           .attributes = attributes({{"mode", "log_softmax"}, {"axis", 1}})},
          {.name = "hard", .inputs = {{3, 21}}, .attributes = attributes({{"mode", "hardmax"}})},
          {.name = "attention", .inputs = {{1, 3, 197, 197}}},
          {.name = "empty", .inputs = {{0, 4}}}};
}

}  // namespace vireo::ops
