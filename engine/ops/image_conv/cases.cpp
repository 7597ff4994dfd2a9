#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

std::vector<double> ramp(const Dims& dims) {
  std::vector<double> values(static_cast<std::size_t>(element_count(dims)));
  std::uint32_t state = 12345;
  for (double& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<double>(state >> 8) / (1 << 23) - 1.0;
  }
  return values;
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
  c.constants[3] = ramp(w);
  if (bias) {
    c.inputs.push_back({w[0]});
    c.constants[4] = ramp({w[0]});
  }
  return c;
}

}  // namespace

std::vector<Case> image_conv_cases() {
  const DataType u8 = DataType::uint8, f32 = DataType::float32, f16 = DataType::float16;
  const Ints s2{2, 2}, p1{1, 1, 1, 1}, p3{3, 3, 3, 3};
  return {image_case("planes_7x7", {1, 3, 24, 40}, f32, {64, 3, 7, 7}, f16,
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
          image_case("float32_3x3", {1, 3, 9, 12}, f32, {16, 3, 3, 3}, f32, {{"strides", s2}, {"pads", p1}})};
}

}  // namespace vireo::ops
