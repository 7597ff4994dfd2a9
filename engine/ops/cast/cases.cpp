#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> cast_cases() {
  std::vector<Case> list;
  for (const char* to : {"float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "boolean"})
    list.push_back({.name = to, .inputs = {{3, 21}}, .attributes = attributes({{"to", to}})});
  list.push_back({.name = "from_int64",
                  .inputs = {{37}},
                  .attributes = attributes({{"to", "float32"}}),
                  .dtypes = {DataType::int64}});
  list.push_back({.name = "from_bool",
                  .inputs = {{37}},
                  .attributes = attributes({{"to", "float32"}}),
                  .dtypes = {DataType::boolean}});
  list.push_back({.name = "from_half",
                  .inputs = {{37}},
                  .attributes = attributes({{"to", "float32"}}),
                  .dtypes = {DataType::float16}});
  return list;
}

}  // namespace vireo::ops
