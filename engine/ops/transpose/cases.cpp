#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> transpose_cases() {
  const auto perm = [](Ints p) { return attributes({{"perm", std::move(p)}}); };
  return {{.name = "reverse", .inputs = {{3, 5, 7}}},
          {.name = "matrix", .inputs = {{37, 53}}},
          {.name = "to_nhwc", .inputs = {{2, 19, 9, 7}}, .attributes = perm({0, 2, 3, 1})},
          {.name = "to_nchw", .inputs = {{2, 9, 7, 19}}, .attributes = perm({0, 3, 1, 2})},
          {.name = "image_to_nhwc", .inputs = {{1, 3, 33, 41}}, .attributes = perm({0, 2, 3, 1})},
          {.name = "image_to_nchw", .inputs = {{1, 33, 41, 3}}, .attributes = perm({0, 3, 1, 2})},
          {.name = "images_to_nhwc", .inputs = {{2, 3, 10, 20}}, .attributes = perm({0, 2, 3, 1})},
          {.name = "images_to_nchw", .inputs = {{2, 10, 20, 4}}, .attributes = perm({0, 3, 1, 2})},
          {.name = "heads", .inputs = {{2, 11, 3, 16}}, .attributes = perm({0, 2, 1, 3})},
          {.name = "keys", .inputs = {{2, 11, 3, 16}}, .attributes = perm({0, 2, 3, 1})},
          {.name = "five", .inputs = {{2, 3, 4, 5, 6}}, .attributes = perm({0, 2, 4, 1, 3})},
          {.name = "six", .inputs = {{1, 4, 2, 2, 5, 6}}, .attributes = perm({0, 1, 4, 2, 5, 3})},
          {.name = "nothing", .inputs = {{2, 3}}, .attributes = perm({0, 1})},
          {.name = "empty", .inputs = {{2, 0, 3}}, .attributes = perm({2, 0, 1})},
          {.name = "scalar", .inputs = {{}}},
          {.name = "bytes", .inputs = {{5, 17, 3}}, .attributes = perm({2, 0, 1}), .dtypes = {DataType::uint8}},
          {.name = "int64", .inputs = {{5, 17, 3}}, .attributes = perm({1, 0, 2}), .dtypes = {DataType::int64}},
          {.name = "half", .inputs = {{5, 17, 31}}, .attributes = perm({0, 2, 1}), .dtypes = {DataType::float16}},
          {.name = "large", .inputs = {{1, 96, 40, 41}}, .attributes = perm({0, 2, 3, 1})}};
}

}  // namespace vireo::ops
