#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> dynamic_quantize_linear_cases() {
  return {{.name = "plain", .inputs = {{3, 37}}, .outputs = 3},
          {.name = "scalar", .inputs = {{}}, .outputs = 3},
          {.name = "positive", .inputs = {{5}}, .constants = {{0, {2, 1, 1.3, 2.5, 3.34}}}, .outputs = 3},
          {.name = "negative", .inputs = {{5}}, .constants = {{0, {-2, -1, -1.3, -2.5, -3.34}}}, .outputs = 3},
          {.name = "zeros", .inputs = {{2, 3}}, .constants = {{0, {0, 0, 0, 0, 0, 0}}}, .outputs = 3},
          {.name = "many_tiles", .inputs = {{5, 20011}}, .outputs = 3},
          {.name = "empty", .inputs = {{0, 4}}, .outputs = 3}};
}

}  // namespace vireo::ops
