#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> dft_cases() {
  using D = DataType;
  const auto flags = [](std::int64_t inverse, std::int64_t one_sided) {
    return attributes({{"inverse", inverse}, {"onesided", one_sided}});
  };
  const auto with_axis = [](const char* name, Dims x, double axis, Attributes a) {
    return Case{.name = name,
                .inputs = {std::move(x), {1}, {}},
                .attributes = std::move(a),
                .dtypes = {D::float32, D::int64, D::int64},
                .constants = {{1, {8}}, {2, {axis}}}};
  };
  std::vector<Case> cases{
      {.name = "real, 16 = 4 * 4", .inputs = {{35, 16, 1}}},
      {.name = "real, half a spectrum of 30 = 2 * 3 * 5", .inputs = {{3, 30, 1}}, .attributes = flags(0, 1)},
      {.name = "real, odd, half a spectrum", .inputs = {{2, 15, 1}}, .attributes = flags(0, 1)},
      {.name = "complex, 14 = 2 * 7", .inputs = {{17, 14, 2}}},
      {.name = "back, 12", .inputs = {{5, 12, 2}}, .attributes = flags(1, 0)},
      {.name = "back from real numbers", .inputs = {{2, 6, 1}}, .attributes = flags(1, 0)},
      {.name = "one point", .inputs = {{4, 1, 2}}},
      {.name = "74 = 2 * 37, by a convolution", .inputs = {{2, 74, 2}}},
      {.name = "back, 37", .inputs = {{1, 37, 2}}, .attributes = flags(1, 0)},
      {.name = "real, 53, half a spectrum", .inputs = {{3, 53, 1}}, .attributes = flags(0, 1)},
      {.name = "half a spectrum to real", .inputs = {{40, 9, 2}}, .attributes = flags(1, 1)},
      {.name = "double", .inputs = {{2, 10, 2}}, .dtypes = {D::float64}},
      with_axis("along the first axis, zeros behind", {5, 3, 2, 1}, 0, flags(0, 1)),
      with_axis("along the middle, cut", {2, 11, 3, 2}, -3, flags(1, 0)),
      with_axis("half a spectrum to real, zeros behind", {2, 3, 4, 2}, 1, flags(1, 1)),
      with_axis("half a spectrum to real, cut", {2, 9, 2}, 1, flags(1, 1)),
  };
  cases.push_back({.name = "half a spectrum to an odd length",
                   .inputs = {{3, 6, 2}, {}},
                   .attributes = flags(1, 1),
                   .dtypes = {D::float32, D::int64},
                   .constants = {{1, {11}}}});
  return cases;
}

}  // namespace vireo::ops
