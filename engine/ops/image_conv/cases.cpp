#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

Reals numbers(std::int64_t count) {
  Reals values(static_cast<std::size_t>(count));
  std::uint32_t state = 777;
  for (double& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<double>(state >> 8) / (1 << 23) - 1.0;
  }
  return values;
}

/// `image` in the order of its layout; pool: window, stride, padding, height, width.
Case image_conv_case(std::string_view name, const char* layout, Dims image, Dims w, Ints strides, Ints pads, Ints pool,
                     const char* activation, DataType type = DataType::float32, bool bias = true) {
  const std::int64_t channels = w[1];
  Case c{.name = name,
         .inputs = {std::move(image), {channels}, {channels}, w},
         .attributes = attributes({{"image", layout},
                                   {"layout", "nhwc"},
                                   {"strides", std::move(strides)},
                                   {"pads", std::move(pads)},
                                   {"activation", activation}}),
         .dtypes = {type}};
  if (!pool.empty()) c.attributes.set("pool", std::move(pool));
  for (std::int64_t i = 0; i < channels; ++i) {
    c.constants[1].push_back(type == DataType::uint8 ? 0.0078125 : 0.5 + 0.25 * static_cast<double>(i));
    c.constants[2].push_back(0.5 - static_cast<double>(i));
  }
  c.constants[3] = numbers(element_count(w));
  if (bias) {
    c.inputs.push_back({w[0]});
    c.constants[4] = numbers(w[0]);
  }
  return c;
}

/// Scale and shift are such that zeros beside the image differ from black; weights and bias are constants.
Case image_case(std::string_view name, Dims x, DataType image, Dims w, DataType type,
                std::initializer_list<std::pair<std::string_view, AttributeValue>> more, bool bias = true) {
  const std::int64_t channels = w[1];
  Case c{.name = name, .inputs = {std::move(x), {channels}, {channels}, w}, .attributes = attributes(more)};
  c.dtypes = {image, DataType::float32, DataType::float32, type, type};
  c.attributes.set("image", std::string(c.inputs[0][1] == channels ? "nchw" : "nhwc"));
  c.attributes.set("layout", std::string("nhwc"));
  const double unit = image == DataType::uint8 ? 1.0 / 255 : 1.0;
  for (std::int64_t i = 0; i < channels; ++i) {
    c.constants[1].push_back(unit * (0.5 + 0.25 * static_cast<double>(i)));
    c.constants[2].push_back(0.5 - 0.25 * static_cast<double>(i));
  }
  c.constants[3] = numbers(element_count(w));
  if (bias) {
    c.inputs.push_back({w[0]});
    c.constants[4] = numbers(w[0]);
  }
  return c;
}

}  // namespace

std::vector<Case> image_conv_cases() {
  const Ints s2{2, 2}, p1{1, 1, 1, 1}, p3{3, 3, 3, 3};
  const DataType u8 = DataType::uint8, f32 = DataType::float32, f16 = DataType::float16;
  return {
      image_conv_case("front_of_resnet", "nchw", {1, 3, 45, 70}, {64, 3, 7, 7}, s2, p3, {3, 2, 1, 12, 18}, "relu"),
      image_conv_case("batch", "nchw", {3, 3, 37, 64}, {64, 3, 7, 7}, s2, p3, {3, 2, 1, 10, 16}, "relu"),
      image_conv_case("ceil", "nchw", {2, 3, 33, 41}, {64, 3, 3, 3}, s2, {0, 0, 0, 0}, {3, 2, 0, 8, 10}, "relu"),
      image_conv_case("wide_front", "nchw", {1, 3, 30, 302}, {56, 3, 7, 7}, s2, p3, {3, 2, 1, 8, 76}, "silu"),
      image_conv_case("bytes_in_front", "nhwc", {2, 38, 49, 3}, {64, 3, 7, 7}, s2, p3, {3, 2, 1, 10, 13}, "relu", u8),
      image_conv_case("front_3x3", "nchw", {2, 3, 41, 40}, {24, 3, 3, 3}, s2, p1, {3, 2, 1, 11, 10}, "", f32, false),
      image_conv_case("small_windows", "nhwc", {2, 24, 30, 3}, {32, 3, 3, 3}, s2, p1, {2, 2, 0, 6, 7}, "relu"),
      image_conv_case("without_pool", "nchw", {2, 3, 64, 80}, {16, 3, 3, 3}, s2, p1, {}, "silu"),
      image_conv_case("without_bias", "nchw", {1, 3, 21, 33}, {32, 3, 3, 3}, s2, {0, 0, 1, 1}, {}, "hard_swish",
                      DataType::float32, false),
      image_conv_case("pixels", "nhwc", {1, 38, 50, 3}, {24, 3, 6, 6}, s2, {2, 2, 2, 2}, {}, "relu", u8),
      image_conv_case("grey", "nchw", {1, 1, 29, 31}, {8, 1, 5, 5}, s2, {2, 2, 2, 2}, {3, 2, 1, 8, 8}, "", u8),
      image_conv_case("four_channels", "nhwc", {1, 17, 40, 4}, {128, 4, 3, 3}, {1, 1}, p1, {2, 2, 0, 8, 20}, "relu"),
      image_conv_case("few_rows", "nchw", {2, 3, 7, 200}, {48, 3, 3, 3}, s2, p1, {3, 1, 1, 4, 100}, "relu"),
      image_conv_case("other_stride", "nchw", {1, 3, 40, 40}, {64, 3, 5, 5}, {3, 4}, p1, {}, "relu"),
      image_conv_case("odd_stride", "nchw", {1, 3, 12, 13}, {12, 3, 3, 3}, {1, 1}, p1, {}, "relu"),
      image_conv_case("groups", "nhwc", {1, 9, 10, 4}, {8, 4, 1, 1}, s2, {0, 0, 0, 0}, {}, ""),
      image_case("planes_7x7", {1, 3, 24, 40}, f32, {64, 3, 7, 7}, f16,
                 {{"strides", s2}, {"pads", p3}, {"activation", "relu"}}),
      image_case("wide_planes_3x3", {1, 3, 36, 162}, f32, {16, 3, 3, 3}, f16,
                 {{"strides", s2}, {"pads", p1}, {"activation", "silu"}}),
      image_case("odd_planes", {2, 3, 13, 33}, f32, {24, 3, 3, 3}, f16, {{"strides", s2}, {"pads", p1}}, false),
      image_case("no_padding", {1, 3, 11, 26}, f32, {32, 3, 3, 3}, f16, {{"strides", s2}}),
      image_case("bytes_6x6", {1, 14, 30, 3}, u8, {80, 3, 6, 6}, f16,
                 {{"strides", s2}, {"pads", Ints{2, 2, 2, 2}}, {"activation", "silu"}}),
      image_case("byte_planes", {1, 3, 10, 12}, u8, {8, 3, 3, 3}, f16, {{"strides", s2}, {"pads", p1}}),
      image_case("grey", {1, 1, 17, 19}, f32, {40, 1, 5, 5}, f16, {{"strides", s2}, {"pads", Ints{2, 2, 2, 2}}}),
      image_case("four_channels", {1, 4, 9, 20}, f32, {16, 4, 3, 3}, f16, {{"strides", s2}, {"pads", p1}}),
      image_case("patches_4x4", {1, 3, 20, 28}, f32, {96, 3, 4, 4}, f16, {{"strides", Ints{4, 4}}}),
      image_case("high_stride", {1, 3, 22, 50}, f32, {16, 3, 3, 11}, f16,
                 {{"strides", Ints{3, 8}}, {"pads", Ints{1, 5, 0, 2}}}),
      image_case("float32_3x3", {1, 3, 9, 12}, f32, {16, 3, 3, 3}, f32, {{"strides", s2}, {"pads", p1}}),
  };
}

}  // namespace vireo::ops
