#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> rotary_embedding_cases() {
  const std::vector<DataType> types{DataType::float32, DataType::float32, DataType::float32, DataType::int64};
  std::vector<DataType> narrow = types;
  narrow[3] = DataType::int32;
  return {{.name = "halves", .inputs = {{2, 3, 5, 38}, {2, 5, 19}, {2, 5, 19}}},
          {.name = "neighbours",
           .inputs = {{1, 2, 4, 8}, {1, 4, 4}, {1, 4, 4}},
           .attributes = attributes({{"interleaved", 1}})},
          {.name = "flat, in part, at positions",
           .inputs = {{2, 3, 40}, {9, 3}, {9, 3}, {2, 3}},
           .attributes = attributes({{"num_heads", 4}, {"rotary_dim", 6}}),
           .dtypes = types,
           .constants = {{3, {0, 1, 8, 5, 5, 2}}}},
          {.name = "first positions",
           .inputs = {{3, 2, 4, 64}, {7, 32}, {7, 32}, {3}},
           .dtypes = narrow,
           .constants = {{3, {3, 0, 1}}}},
          {.name = "one first position, neighbours in part",
           .inputs = {{2, 6, 24}, {50, 5}, {50, 5}, {1}},
           .attributes = attributes({{"num_heads", 2}, {"interleaved", 1}, {"rotary_dim", 10}}),
           .dtypes = types,
           .constants = {{3, {40}}}}};
}

}  // namespace vireo::ops
