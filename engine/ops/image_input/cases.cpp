#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

Case image_input_case(std::string_view name, Dims x, const char* layout, DataType type) {
  const std::int64_t channels = x[std::string_view(layout) == "nhwc" ? 3 : 1];
  Case c{.name = name,
         .inputs = {std::move(x), {channels}, {channels}},
         .attributes = attributes({{"layout", layout}}),
         .dtypes = {type}};
  for (std::int64_t i = 0; i < channels; ++i) {
    c.constants[1].push_back(0.25 * static_cast<double>(i + 1));
    c.constants[2].push_back(1.5 - static_cast<double>(i));
  }
  return c;
}

Case half_case(std::string_view name, Dims x, const char* layout, DataType type) {
  Case c = image_input_case(name, std::move(x), layout, type);
  c.attributes.set("to", std::string("float16"));
  return c;
}

}  // namespace

std::vector<Case> image_input_cases() {
  const DataType u8 = DataType::uint8, f32 = DataType::float32;
  return {image_input_case("pixels", {2, 9, 37, 3}, "nhwc", u8),
          image_input_case("planes", {2, 3, 9, 37}, "nchw", u8),
          image_input_case("pixels_float", {1, 7, 17, 3}, "nhwc", f32),
          image_input_case("planes_float", {1, 3, 7, 33}, "nchw", f32),
          image_input_case("grey", {1, 1, 5, 70}, "nchw", u8),
          image_input_case("four_planes", {1, 4, 3, 21}, "nchw", u8),
          image_input_case("two_pixels", {1, 3, 35, 2}, "nhwc", u8),
          image_input_case("many_planes", {1, 19, 3, 18}, "nchw", u8),
          image_input_case("one_pixel", {1, 1, 1, 3}, "nhwc", u8),
          half_case("planes_to_float16", {2, 3, 6, 35}, "nchw", f32),
          half_case("pixels_to_float16", {1, 5, 9, 4}, "nhwc", u8),
          image_input_case("empty", {0, 4, 4, 3}, "nhwc", u8)};
}

}  // namespace vireo::ops
