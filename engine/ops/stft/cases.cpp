#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> stft_cases() {
  using D = DataType;
  const std::vector<D> types{D::float32, D::int64, D::float32, D::int64};
  return {{.name = "windowed", .inputs = {{2, 128, 1}, {}, {16}}, .dtypes = types, .constants = {{1, {8}}}},
          {.name = "more frames than lanes, the last elements left out",
           .inputs = {{1, 700, 1}, {}, {20}, {}},
           .dtypes = types,
           .constants = {{1, {7}}, {3, {20}}}},
          {.name = "complex, both sides",
           .inputs = {{1, 60, 2}, {1}, {15}},
           .attributes = attributes({{"onesided", 0}}),
           .dtypes = types,
           .constants = {{1, {5}}}},
          {.name = "the whole signal", .inputs = {{3, 24, 1}, {}}, .dtypes = types, .constants = {{1, {1}}}},
          {.name = "double",
           .inputs = {{1, 30, 1}, {}, {10}},
           .dtypes = {D::float64, D::int32, D::float64},
           .constants = {{1, {10}}}}};
}

}  // namespace vireo::ops
