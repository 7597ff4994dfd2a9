#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> regex_match_cases() {
  const auto pattern = [](const char* text) { return attributes({{"pattern", std::string(text)}}); };
  const DataType s = DataType::string;
  return {{.name = "letters", .inputs = {{4, 4}}, .attributes = pattern("[A-Za-z]+"), .dtypes = {s}},
          {.name = "mail", .inputs = {{17}}, .attributes = pattern("(\\W|^)[\\w.\\-]{0,25}@[a-z]+"), .dtypes = {s}},
          {.name = "would never end", .inputs = {{3}}, .attributes = pattern("(a*)*b"), .dtypes = {s}},
          {.name = "the empty pattern", .inputs = {{}}, .attributes = pattern(""), .dtypes = {s}},
          {.name = "nothing", .inputs = {{0}}, .attributes = pattern("."), .dtypes = {s}}};
}

}  // namespace vireo::ops
