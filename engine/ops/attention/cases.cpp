#include <cmath>

#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

/// Cases with a mask, offsets and lengths: inputs 3, 4 and 5.
std::vector<Case> placed_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::float32, DataType::float32,
                                    DataType::boolean, DataType::int64,   DataType::int64};
  std::vector<DataType> real = types;
  real[3] = DataType::float32;
  return {{.name = "a cache of several lengths",
           .inputs = {{3, 4, 2, 16}, {3, 2, 70, 16}, {3, 2, 70, 24}, {1, 70}, {3}, {3}},
           .attributes = attributes({{"is_causal", 1}}),
           .dtypes = real,
           .constants = {{4, {7, 0, 68}}, {5, {9, 2, 70}}}},
          {.name = "an empty cache",
           .inputs = {{2, 2, 3, 8}, {2, 2, 9, 8}, {2, 2, 9, 8}, {1, 9}, {2}, {2}},
           .attributes = attributes({{"is_causal", 1}}),
           .dtypes = types,
           .constants = {{4, {-3, -1}}, {5, {0, 2}}}},
          {.name = "windows",
           .inputs = {{1, 2, 33, 8}, {1, 2, 133, 8}, {1, 2, 133, 8}, {1, 1, 33, 133}, {}, {}},
           .attributes = attributes({{"left_window", 9}, {"right_window", 3}}),
           .dtypes = types,
           .constants = {{4, {100}}, {5, {120}}}},
          {.name = "a causal window of capped scores",
           .inputs = {{2, 2, 130, 16}, {2, 1, 130, 16}, {2, 1, 130, 16}, {130, 130}, {1}, {1}},
           .attributes = attributes({{"is_causal", 1}, {"left_window", 20}, {"softcap", 2.0}}),
           .dtypes = real,
           .constants = {{4, {0}}, {5, {130}}}},
          {.name = "one query of a long cache",
           .inputs = {{1, 8, 1, 64}, {1, 2, 1500, 64}, {1, 2, 1500, 64}, {1, 1, 1, 1500}, {1}, {1}},
           .attributes = attributes({{"is_causal", 1}, {"softcap", 30.0}}),
           .dtypes = real,
           .constants = {{4, {1390}}, {5, {1391}}}},
          {.name = "sinks",
           .inputs = {{2, 4, 2, 8}, {2, 2, 300, 8}, {2, 2, 300, 8}, {1, 1, 2, 300}, {1}, {2}, {4}},
           .attributes = attributes({{"is_causal", 1}, {"left_window", 40}}),
           .dtypes = real,
           .constants = {{4, {200}}, {5, {290, 150}}}},
          {.name = "flat queries of a cache",
           .inputs = {{2, 3, 60}, {2, 2, 41, 10}, {2, 2, 41, 20}, {2, 1, 3, 30}, {2}, {2}},
           .attributes = attributes({{"is_causal", 1}, {"q_num_heads", 6}}),
           .dtypes = types,
           .constants = {{4, {20, 35}}, {5, {41, 38}}}}};
}

}  // namespace

std::vector<Case> attention_cases() {
  std::vector<Case> list{
      {.name = "plain", .inputs = {{2, 3, 5, 8}, {2, 3, 7, 8}, {2, 3, 7, 6}}},
      {.name = "masked",
       .inputs = {{1, 2, 4, 8}, {1, 2, 6, 8}, {1, 2, 6, 8}, {4, 6}},
       .attributes = attributes({{"scale", 0.25}})},
      {.name = "causal",
       .inputs = {{1, 2, 9, 8}, {1, 2, 9, 8}, {1, 2, 9, 8}},
       .attributes = attributes({{"is_causal", 1}})},
      {.name = "grouped", .inputs = {{1, 6, 9, 16}, {1, 2, 9, 16}, {1, 2, 9, 16}}},
      {.name = "hidden row",
       .inputs = {{1, 1, 2, 4}, {1, 1, 3, 4}, {1, 1, 3, 4}, {2, 3}},
       .constants = {{3, {-INFINITY, -INFINITY, -INFINITY, 0, -INFINITY, 1}}}},
      {.name = "masks of heads", .inputs = {{3, 2, 17, 8}, {3, 2, 18, 8}, {3, 2, 18, 5}, {1, 2, 1, 18}}},
      {.name = "windows of pictures", .inputs = {{12, 3, 49, 32}, {12, 3, 49, 32}, {12, 3, 49, 32}, {3, 49, 49}}},
      {.name = "flat",
       .inputs = {{2, 19, 24}, {2, 33, 24}, {2, 33, 15}},
       .attributes = attributes({{"q_num_heads", 3}, {"kv_num_heads", 3}, {"scale", 0.3}})},
      {.name = "flat grouped",
       .inputs = {{2, 31, 32}, {2, 31, 16}, {2, 31, 20}, {31, 31}},
       .attributes = attributes({{"q_num_heads", 4}, {"kv_num_heads", 2}})},
      {.name = "flat keys alone",
       .inputs = {{1, 4, 5, 8}, {1, 33, 16}, {1, 2, 33, 12}},
       .attributes = attributes({{"kv_num_heads", 2}})},
      {.name = "one query", .inputs = {{1, 2, 1, 7}, {1, 2, 65, 7}, {1, 2, 65, 9}}},
      {.name = "many keys", .inputs = {{1, 1, 3, 6}, {1, 1, 5003, 6}, {1, 1, 5003, 6}}},
      {.name = "capped, hidden by a mask",
       .inputs = {{2, 2, 21, 80}, {2, 1, 35, 80}, {2, 1, 35, 70}, {2, 1, 21, 35}},
       .attributes = attributes({{"softcap", 3.0}}),
       .dtypes = {DataType::float32, DataType::float32, DataType::float32, DataType::boolean}},
      {.name = "a mask of fewer columns",
       .inputs = {{1, 2, 20, 8}, {1, 2, 90, 8}, {1, 2, 90, 8}, {20, 37}},
       .attributes = attributes({{"is_causal", 1}})},
      {.name = "flat tokens",
       .inputs = {{2, 70, 96}, {2, 70, 96}, {2, 70, 96}},
       .attributes = attributes({{"q_num_heads", 3}, {"kv_num_heads", 3}, {"is_causal", 1}})},
      {.name = "wide heads", .inputs = {{1, 2, 33, 128}, {1, 1, 130, 128}, {1, 1, 130, 48}}},
      {.name = "tokens", .inputs = {{1, 3, 197, 64}, {1, 3, 197, 64}, {1, 3, 197, 64}}}};
  for (Case& placed : placed_cases()) list.push_back(std::move(placed));
  for (const std::int64_t shown : {0, 1, 2, 3})
    list.push_back({.name = "scores",
                    .inputs = {{2, 2, 4, 8}, {2, 1, 6, 8}, {2, 1, 6, 8}, {4, 5}},
                    .attributes = attributes({{"is_causal", 1}, {"softcap", 2.0}, {"scores", shown}}),
                    .outputs = 2});
  return list;
}

}  // namespace vireo::ops
