#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

/// Weights (and what belongs to them) that are known, as the kernels want them.
Case known(std::string_view name, Dims x, Dims w, std::vector<DataType> types, Attributes attributes = {},
           std::int64_t zeros = 1, bool biased = true) {
  Case c{.name = name,
         .inputs = {std::move(x), w, {}, {zeros}},
         .attributes = std::move(attributes),
         .dtypes = std::move(types)};
  const bool is_signed = c.dtypes[1] == DataType::int8;
  c.dtypes.push_back(c.dtypes[0]);
  c.dtypes.push_back(c.dtypes[1]);
  for (std::int64_t i = 0, n = element_count(w); i < n; ++i)
    c.constants[1].push_back(static_cast<double>(i * 37 % 256 - (is_signed ? 128 : 0)));
  for (std::int64_t i = 0; i < zeros; ++i) c.constants[3].push_back(static_cast<double>(i % 7));
  if (!biased) return c;
  c.inputs.push_back({w[0]});
  c.dtypes.push_back(DataType::int32);
  for (std::int64_t i = 0; i < w[0]; ++i) c.constants[4].push_back(static_cast<double>(i * 1001 - 3000));
  return c;
}

/// The same with 8-bit results.
Case scaled(Case c, std::string_view name, DataType type, double scale, bool each) {
  c.name = name;
  c.inputs.push_back(each ? Dims{c.inputs[1][0]} : Dims{});
  c.dtypes.push_back(DataType::float32);
  for (std::int64_t i = 0; i < element_count(c.inputs.back()); ++i)
    c.constants[5].push_back(scale * (1 + 0.125 * static_cast<double>(i)));
  c.inputs.push_back({});
  c.dtypes.push_back(type);
  c.constants[6] = {type == DataType::uint8 ? 120.0 : -3.0};
  return c;
}

}  // namespace

std::vector<Case> conv_integer_cases() {
  const DataType u8 = DataType::uint8, s8 = DataType::int8;
  const auto three = [](std::int64_t stride, std::int64_t group = 1) {
    return attributes({{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{stride, stride}}, {"group", group}});
  };
  return {
      {.name = "unknown_weights", .inputs = {{1, 3, 5, 5}, {2, 3, 3, 3}}, .dtypes = {u8, u8}},
      {.name = "unknown_zero_points", .inputs = {{1, 3, 5, 5}, {2, 3, 3, 3}, {}, {2}}, .dtypes = {u8, s8, u8, s8}},
      known("three_by_three", {1, 5, 9, 11}, {7, 5, 3, 3}, {u8, s8}, three(1)),
      known("stride", {2, 8, 9, 12}, {13, 8, 3, 3}, {u8, s8}, three(2), 13),
      known("unsigned_weights", {1, 6, 8, 8}, {5, 6, 3, 3}, {u8, u8}, three(1), 5),
      known("signed_input", {1, 6, 8, 8}, {25, 6, 3, 3}, {s8, s8}, three(1)),
      known("signed_input_unsigned_weights", {1, 6, 8, 8}, {25, 6, 1, 1}, {s8, u8}, {}, 25, false),
      known("pointwise", {2, 17, 7, 9}, {24, 17, 1, 1}, {u8, s8}),
      known("pointwise_stride", {1, 16, 8, 8}, {12, 16, 1, 1}, {u8, s8}, attributes({{"strides", Ints{2, 2}}})),
      known("pointwise_padded", {1, 4, 5, 5}, {12, 4, 1, 1}, {u8, s8}, attributes({{"pads", Ints{1, 0, 0, 1}}})),
      known("groups", {1, 12, 6, 6}, {18, 4, 3, 3}, {u8, s8}, three(1, 3)),
      known("depthwise", {2, 9, 12, 37}, {9, 1, 3, 3}, {u8, s8}, three(1, 9), 9),
      known("depthwise_stride", {1, 9, 13, 36}, {9, 1, 3, 3}, {u8, u8}, three(2, 9)),
      known("depthwise_dilated", {1, 3, 16, 16}, {6, 1, 3, 3}, {s8, s8},
            attributes({{"pads", Ints{2, 2, 2, 2}}, {"dilations", Ints{2, 2}}, {"group", 3}})),
      known("depthwise_steps_of_three", {1, 3, 17, 19}, {3, 1, 5, 5}, {u8, s8},
            attributes({{"pads", Ints{2, 2, 2, 2}}, {"strides", Ints{3, 3}}, {"dilations", Ints{1, 2}}, {"group", 3}})),
      known("line", {1, 8, 40}, {10, 8, 5}, {u8, s8}, attributes({{"dilations", Ints{3}}})),
      known("volume", {1, 3, 4, 5, 6}, {5, 3, 2, 2, 3}, {u8, s8}, attributes({{"pads", Ints{1, 0, 1, 0, 1, 1}}})),
      known("same_padding", {1, 4, 7, 7}, {6, 4, 3, 3}, {u8, s8},
            attributes({{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}})),
      known("wide_kernel", {1, 4, 20, 20}, {6, 4, 7, 7}, {u8, s8}, attributes({{"pads", Ints{3, 3, 3, 3}}})),
      scaled(known("", {2, 17, 7, 9}, {24, 17, 1, 1}, {u8, s8}), "scaled_pointwise", u8, 0.01, true),
      scaled(known("", {1, 5, 21, 31}, {7, 5, 3, 3}, {u8, s8}, three(1), 7), "scaled", s8, 0.02, false),
      scaled(known("", {2, 9, 12, 37}, {9, 1, 3, 3}, {u8, s8}, three(1, 9)), "scaled_depthwise", u8, 0.05, true),
      scaled(known("", {1, 9, 14, 14}, {9, 1, 3, 3}, {s8, s8}, three(2, 9)), "scaled_depthwise_stride", s8, 0.05,
             false),
      known("many_filters", {1, 64, 7, 7}, {200, 64, 1, 1}, {u8, s8})};
}

}  // namespace vireo::ops
