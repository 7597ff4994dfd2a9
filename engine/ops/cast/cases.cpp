#include <limits>

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
  list.push_back({.name = "whole_words",
                  .inputs = {{2, 3, 60}},
                  .attributes = attributes({{"to", "float32"}}),
                  .dtypes = {DataType::float16}});
  const auto values = [&](const char* name, const char* to, DataType from, Reals given) {
    list.push_back({.name = name,
                    .inputs = {{static_cast<std::int64_t>(given.size())}},
                    .attributes = attributes({{"to", to}}),
                    .dtypes = {from},
                    .constants = {{0, given}}});
  };
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Reals reals{0, -0.5, 0.99, -1.99, 255, 256, 300.7, -3, 3e9, -3e9, 1e19, -1e19, 3e19, inf, -inf, nan};
  for (const char* to : {"int8", "uint32", "int64", "uint64", "boolean"})
    values("beyond", to, DataType::float32, reals);
  const Reals integers{0, 1, -1, 127, 128, 255, 256, -32769, 70000, 2147483647, -2147483648.0};
  for (const char* to : {"int8", "uint16", "float16"}) values("narrow", to, DataType::int32, integers);
  for (const char* to : {"float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "float8e8m0", "float4e2m1",
                         "int4", "uint4", "int2", "uint2"})
    values("narrow_types", to, DataType::float32, reals);
  for (const char* to : {"int4", "uint2", "float8e4m3fn"}) values("narrow_types", to, DataType::int32, integers);
  for (const DataType from : {DataType::float8e4m3fn, DataType::float8e5m2, DataType::int4, DataType::uint2})
    for (const char* to : {"float32", "int8", "boolean", "float4e2m1"})
      values("from_narrow_types", to, from, {0, 1, -1, 0.5, 2, 3, -7, 500, -0.0});
  list.push_back({.name = "special_float8",
                  .inputs = {{static_cast<std::int64_t>(reals.size())}},
                  .attributes = attributes({{"to", "float8e5m2"}, {"saturate", 0}}),
                  .constants = {{0, reals}}});
  list.push_back({.name = "nearest_power",
                  .inputs = {{5}},
                  .attributes = attributes({{"to", "float8e8m0"}, {"round_mode", "nearest"}}),
                  .constants = {{0, {1, 1.4, 1.5, 3, 1e-30}}}});
  values("same", "int32", DataType::int32, integers);
  return list;
}

}  // namespace vireo::ops
