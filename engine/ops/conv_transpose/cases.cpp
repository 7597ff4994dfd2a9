#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

Case conv_transpose_case(std::string_view name, Dims x, Dims w, Attributes a, std::int64_t bias = 0) {
  Case c{.name = name, .inputs = {std::move(x), w}, .attributes = std::move(a)};
  std::vector<double> values(static_cast<std::size_t>(element_count(w)));
  std::uint32_t state = 777;
  for (double& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<double>(state >> 8) / (1 << 23) - 1.0;
  }
  c.constants[1] = values;
  if (bias > 0) {
    c.inputs.push_back({bias});
    c.constants[2] = std::vector<double>(static_cast<std::size_t>(bias), 0.375);
  }
  return c;
}

}  // namespace

std::vector<Case> conv_transpose_cases() {
  const auto nhwc = [](std::initializer_list<std::pair<std::string_view, AttributeValue>> more) {
    Attributes a = attributes(more);
    a.set("layout", std::string("nhwc"));
    return a;
  };
  const Ints s2{2, 2};
  std::vector<Case> list;
  list.push_back(conv_transpose_case("double_2x2", {1, 7, 9, 24}, {24, 20, 2, 2},
                                     nhwc({{"strides", s2}, {"activation", "relu"}}), 20));
  list.push_back(conv_transpose_case("double_4x4", {1, 6, 5, 8}, {8, 16, 4, 4},
                                     nhwc({{"strides", s2}, {"pads", Ints{1, 1, 1, 1}}})));
  list.push_back(
      conv_transpose_case("double_3x3", {2, 5, 6, 7}, {7, 17, 3, 3},
                          nhwc({{"strides", s2}, {"pads", Ints{1, 1, 1, 1}}, {"output_padding", Ints{1, 1}}}), 17));
  list.push_back(conv_transpose_case("stride_one", {1, 6, 7, 9}, {9, 5, 3, 3},
                                     nhwc({{"pads", Ints{1, 0, 1, 0}}, {"activation", "silu"}}), 5));
  list.push_back(
      conv_transpose_case("grouped", {1, 5, 5, 8}, {8, 3, 3, 3}, nhwc({{"strides", s2}, {"group", std::int64_t{2}}})));
  list.push_back(conv_transpose_case("depthwise", {1, 6, 6, 12}, {12, 1, 4, 4},
                                     nhwc({{"strides", s2}, {"pads", Ints{1, 1, 1, 1}}, {"group", std::int64_t{12}}})));
  list.push_back(conv_transpose_case("sparse", {1, 4, 4, 6}, {6, 4, 2, 2}, nhwc({{"strides", Ints{3, 3}}}), 4));
  list.push_back(
      conv_transpose_case("dilated", {1, 5, 6, 4}, {4, 6, 3, 3}, nhwc({{"strides", s2}, {"dilations", s2}})));
  list.push_back(conv_transpose_case("nchw", {1, 4, 5, 6}, {4, 3, 3, 3}, attributes({{"strides", s2}}), 3));
  list.push_back(conv_transpose_case("line", {1, 4, 9}, {4, 3, 3}, attributes({{"strides", Ints{2}}})));
  list.push_back(conv_transpose_case("output_shape", {1, 3, 3, 4}, {4, 5, 3, 3},
                                     nhwc({{"strides", Ints{3, 2}}, {"output_shape", Ints{10, 8}}})));
  return list;
}

}  // namespace vireo::ops
