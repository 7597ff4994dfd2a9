#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> text_to_number_cases() {
  const DataType s = DataType::string;
  // Of the texts that tests have (tests/support/texts.h), from 8 on: 1.5, -7, nan, 3e2, 0.
  return {{.name = "float32",
           .inputs = {{5}},
           .attributes = attributes({{"to", std::string("float32")}}),
           .dtypes = {s},
           .constants = {{0, {8, 9, 10, 11, 12}}}},
          {.name = "int64",
           .inputs = {{2, 1}},
           .attributes = attributes({{"to", std::string("int64")}}),
           .dtypes = {s},
           .constants = {{0, {9, 12}}}}};
}

}  // namespace vireo::ops
