#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> roi_align_cases() {
  return {{.name = "avg",
           .inputs = {{2, 3, 10, 12}, {3, 4}, {3}},
           .attributes =
               attributes({{"output_height", 4}, {"output_width", 3}, {"sampling_ratio", 2}, {"spatial_scale", 0.5}}),
           .dtypes = {DataType::float32, DataType::float32, DataType::int64},
           .constants = {{1, {0, 0, 9, 9, 1, 5, 18, 20, 3, 3, 4, 4}}, {2, {0, 1, 1}}}},
          {.name = "max",
           .inputs = {{1, 2, 10, 12}, {1, 4}, {1}},
           .attributes = attributes({{"mode", "max"},
                                     {"output_height", 2},
                                     {"output_width", 2},
                                     {"coordinate_transformation_mode", "output_half_pixel"}}),
           .dtypes = {DataType::float32, DataType::float32, DataType::int64},
           .constants = {{1, {1, 1, 9, 8}}, {2, {0}}}},
          {.name = "as many samples as fit, many channels, one region outside and one without extent",
           .inputs = {{1, 40, 9, 7}, {3, 4}, {3}},
           .attributes = attributes({{"output_height", 2}, {"output_width", 3}}),
           .dtypes = {DataType::float32, DataType::float32, DataType::int32},
           .constants = {{1, {0, 0, 7, 9, 30, 30, 40, 40, 3, 3, 3, 3}}, {2, {0, 0, 0}}}}};
}

}  // namespace vireo::ops
