#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

Case resize_case(std::string_view name, Dims in, Reals scales,
                 std::initializer_list<std::pair<std::string_view, AttributeValue>> values) {
  const auto rank = static_cast<std::int64_t>(scales.size());
  return {.name = name,
          .inputs = {std::move(in), {0}, {rank}},
          .attributes = attributes(values),
          .constants = {{1, {}}, {2, std::move(scales)}}};
}

}  // namespace

std::vector<Case> resize_cases() {
  std::vector<Case> list{
      resize_case("nearest_nhwc", {1, 7, 5, 19}, {1, 2, 2, 1},
                  {{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}}),
      resize_case("nearest_wide", {2, 5, 4, 16}, {1, 2, 2, 1},
                  {{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}}),
      resize_case("nearest_half_pixel", {1, 4, 3, 24}, {1, 3, 2, 1}, {}),
      resize_case("linear_wide", {2, 5, 4, 24}, {1, 2, 2, 1}, {{"mode", "linear"}}),
      resize_case("nearest_nchw", {2, 3, 7, 5}, {1, 1, 2, 2},
                  {{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}}),
      resize_case("nearest_down", {1, 3, 9, 11}, {1, 1, 0.6, 0.7}, {}),
      resize_case("linear_nhwc", {1, 7, 6, 19}, {1, 2, 2, 1}, {{"mode", "linear"}}),
      resize_case("linear_nchw", {1, 3, 7, 6}, {1, 1, 1.7, 2.5},
                  {{"mode", "linear"}, {"coordinate_transformation_mode", "pytorch_half_pixel"}}),
      resize_case("linear_corners", {1, 13, 11, 33}, {1, 2, 3, 1},
                  {{"mode", "linear"}, {"coordinate_transformation_mode", "align_corners"}}),
      resize_case("linear_antialias", {1, 1, 12, 13}, {1, 1, 0.5, 0.4}, {{"mode", "linear"}, {"antialias", 1}}),
      resize_case("linear_volume", {1, 2, 4, 5, 6}, {1, 1, 2, 1.5, 2}, {{"mode", "linear"}}),
      resize_case("cubic", {1, 2, 6, 7}, {1, 1, 1.5, 2}, {{"mode", "cubic"}}),
      resize_case("cubic_exclude", {1, 2, 6, 7}, {1, 1, 0.8, 2},
                  {{"mode", "cubic"}, {"exclude_outside", 1}, {"cubic_coeff_a", -0.5}}),
      resize_case("linear_large", {1, 20, 20, 64}, {1, 2, 2, 1}, {{"mode", "linear"}})};
  const DataType f = DataType::float32, i = DataType::int64;
  list.push_back({.name = "sizes",
                  .inputs = {{1, 2, 4, 5}, {0}, {0}, {4}},
                  .attributes = attributes({{"mode", "linear"}}),
                  .dtypes = {f, f, f, i},
                  .constants = {{1, {}}, {2, {}}, {3, {1, 2, 7, 3}}}});
  list.push_back({.name = "crop",
                  .inputs = {{1, 1, 8, 8}, {8}, {0}, {4}},
                  .attributes = attributes({{"mode", "linear"},
                                            {"coordinate_transformation_mode", "tf_crop_and_resize"},
                                            {"extrapolation_value", 10.0}}),
                  .dtypes = {f, f, f, i},
                  .constants = {{1, {0, 0, 0.4, 0.6, 1, 1, 1.2, 1.7}}, {2, {}}, {3, {1, 1, 5, 6}}}});
  return list;
}

}  // namespace vireo::ops
