#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> instance_norm_cases() {
  return {
      {.name = "nchw", .inputs = {{2, 5, 4, 7}, {5}, {5}}},
      {.name = "nhwc", .inputs = {{2, 6, 7, 19}, {19}, {19}}, .attributes = attributes({{"layout", "nhwc"}})},
      {.name = "nhwc_large", .inputs = {{1, 33, 32, 32}, {32}, {32}}, .attributes = attributes({{"layout", "nhwc"}})},
      {.name = "line", .inputs = {{2, 3, 41}, {3}, {3}}}};
}

}  // namespace vireo::ops
