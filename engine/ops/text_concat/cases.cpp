#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> text_concat_cases() {
  const DataType s = DataType::string;
  return {{.name = "same", .inputs = {{2, 5}, {2, 5}}, .dtypes = {s, s}},
          {.name = "broadcast", .inputs = {{3, 1, 4}, {2, 1}}, .dtypes = {s, s}},
          {.name = "scalars", .inputs = {{}, {}}, .dtypes = {s, s}},
          {.name = "nothing", .inputs = {{0, 3}, {1}}, .dtypes = {s, s}}};
}

}  // namespace vireo::ops
