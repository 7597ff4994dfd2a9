#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> text_map_cases() {
  const DataType s = DataType::string;
  return {
      {.name = "upper",
       .inputs = {{3, 17}},
       .attributes = attributes({{"function", std::string("upper")}}),
       .dtypes = {s}},
      {.name = "lower", .inputs = {{9}}, .attributes = attributes({{"function", std::string("lower")}}), .dtypes = {s}},
      {.name = "nothing",
       .inputs = {{0, 2}},
       .attributes = attributes({{"function", std::string("lower")}}),
       .dtypes = {s}}};
}

}  // namespace vireo::ops
