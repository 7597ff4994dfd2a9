#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> number_to_text_cases() {
  return {{.name = "float32", .inputs = {{3, 5}}},
          {.name = "int8", .inputs = {{7}}, .dtypes = {DataType::int8}},
          {.name = "boolean", .inputs = {{}}, .dtypes = {DataType::boolean}},
          {.name = "nothing", .inputs = {{0}}, .dtypes = {DataType::float64}}};
}

}  // namespace vireo::ops
