#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> text_filter_cases() {
  const DataType s = DataType::string;
  return {{.name = "some", .inputs = {{11}, {3}}, .dtypes = {s, s}, .constants = {{1, {1, 2, 3}}}},
          {.name = "whatever the case",
           .inputs = {{6}, {1}},
           .attributes = attributes({{"case_sensitive", 0}}),
           .dtypes = {s, s},
           .constants = {{0, {1, 2, 1, 2, 3, 4}}, {1, {2}}}},
          {.name = "all", .inputs = {{3}, {1}}, .dtypes = {s, s}, .constants = {{0, {4, 4, 4}}, {1, {4}}}},
          {.name = "no stop words", .inputs = {{4}, {0}}, .dtypes = {s, s}},
          {.name = "nothing", .inputs = {{0}, {2}}, .dtypes = {s, s}}};
}

}  // namespace vireo::ops
