#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> text_split_cases() {
  const DataType s = DataType::string, i = DataType::int64;
  return {{.name = "words", .inputs = {{3, 5}, {}}, .dtypes = {s, i}, .constants = {{1, {9}}}},
          {.name = "by commas, at most one cut",
           .inputs = {{13}, {1}},
           .attributes = attributes({{"delimiter", std::string(",")}, {"maxsplit", 1}}),
           .dtypes = {s, i},
           .constants = {{1, {2}}}},
          {.name = "nothing", .inputs = {{0}, {}}, .dtypes = {s, i}, .constants = {{1, {0}}}}};
}

}  // namespace vireo::ops
