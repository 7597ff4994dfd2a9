#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> text_count_cases() {
  const DataType s = DataType::string;
  return {{.name = "words", .inputs = {{5, 7}}, .dtypes = {s}, .outputs = 2},
          {.name = "by commas, at most one cut",
           .inputs = {{13}},
           .attributes = attributes({{"delimiter", std::string(",")}, {"maxsplit", 1}}),
           .dtypes = {s},
           .outputs = 2},
          {.name = "nothing", .inputs = {{0}}, .dtypes = {s}, .outputs = 2}};
}

}  // namespace vireo::ops
