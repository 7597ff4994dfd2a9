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

/// x and w in the order of the layout; weights and bias are constants.
Case conv_case(std::string_view name, Dims x, Dims w, Attributes a, bool bias = true, Dims residual = {}) {
  Case c{.name = name, .inputs = {std::move(x), w}, .attributes = std::move(a)};
  c.constants[1] = ramp(w);
  if (bias || !residual.empty()) {
    c.inputs.push_back({w[0]});
    c.constants[2] = ramp({w[0]});
  }
  if (!residual.empty()) {
    c.inputs.push_back(std::move(residual));
    if (!c.attributes.has("residual")) c.attributes.set("residual", std::string("before"));
  }
  return c;
}

}  // namespace

std::vector<Case> conv_cases() {
  const auto nhwc = [](std::initializer_list<std::pair<std::string_view, AttributeValue>> more) {
    Attributes a = attributes(more);
    a.set("layout", std::string("nhwc"));
    return a;
  };
  const Ints p1{1, 1, 1, 1}, s2{2, 2};
  std::vector<Case> list;
  list.push_back(conv_case("pointwise", {1, 9, 11, 40}, {24, 40, 1, 1}, nhwc({{"activation", "relu"}})));
  list.push_back(conv_case("pointwise_one_channel", {1, 5, 5, 1}, {1, 1, 1, 1}, nhwc({})));
  list.push_back(conv_case("pointwise_residual", {2, 7, 7, 17}, {33, 17, 1, 1},
                           nhwc({{"activation", "silu"}, {"residual", "after"}}), true, Dims{2, 7, 7, 33}));
  for (const std::int64_t narrow : {9, 48, 64}) {
    list.push_back(conv_case(
        "pointwise_narrow_residual", {1, 6, 7, 20}, {100, 20, 1, 1},
        nhwc({{"activation", narrow == 48 ? "silu" : "relu"}, {"residual", narrow == 9 ? "after" : "before"}}), true,
        Dims{1, 6, 7, narrow}));
  }
  list.push_back(conv_case("pointwise_stride", {1, 9, 8, 31}, {16, 31, 1, 1}, nhwc({{"strides", s2}}), false));
  list.push_back(conv_case("pointwise_deep", {1, 4, 5, 1100}, {20, 1100, 1, 1}, nhwc({})));
  list.push_back(conv_case("same_3x3", {1, 13, 15, 16}, {40, 16, 3, 3}, nhwc({{"pads", p1}, {"activation", "relu"}})));
  list.push_back(conv_case("same_3x3_residual", {1, 12, 12, 33}, {33, 33, 3, 3},
                           nhwc({{"pads", p1}, {"activation", "relu"}}), true, Dims{1, 12, 12, 33}));
  list.push_back(
      conv_case("stride_3x3", {1, 17, 19, 7}, {15, 7, 3, 3},
                nhwc({{"pads", Ints{0, 1, 1, 0}}, {"strides", s2}, {"activation", "leaky_relu"}, {"alpha", 0.1}})));
  list.push_back(
      conv_case("first_layer", {1, 23, 25, 3}, {32, 3, 7, 7}, nhwc({{"pads", Ints{3, 3, 3, 3}}, {"strides", s2}})));
  list.push_back(conv_case("deep_3x3_residual", {1, 6, 7, 128}, {72, 128, 3, 3},
                           nhwc({{"pads", p1}, {"activation", "relu"}}), true, Dims{1, 6, 7, 72}));
  list.push_back(
      conv_case("patches", {2, 17, 32, 3}, {72, 3, 4, 4}, nhwc({{"strides", Ints{4, 4}}, {"activation", "relu"}})));
  list.push_back(conv_case("patches_of_odd_rows", {1, 9, 15, 5}, {16, 5, 3, 5}, nhwc({{"strides", Ints{3, 5}}})));
  list.push_back(conv_case("dilated", {1, 15, 14, 8}, {17, 8, 3, 3},
                           nhwc({{"pads", Ints{2, 2, 2, 2}}, {"dilations", s2}, {"activation", "hard_swish"}})));
  list.push_back(conv_case("asymmetric_kernel", {1, 9, 16, 5}, {6, 5, 1, 5}, nhwc({{"auto_pad", "SAME_UPPER"}})));
  list.push_back(conv_case("pads_wider_than_map", {1, 2, 1, 4}, {5, 4, 5, 5}, nhwc({{"pads", Ints{4, 4, 4, 4}}})));
  list.push_back(conv_case("grouped", {1, 8, 9, 32}, {48, 8, 3, 3}, nhwc({{"pads", p1}, {"group", std::int64_t{4}}})));
  list.push_back(
      conv_case("grouped_small", {1, 8, 9, 24}, {24, 4, 3, 3}, nhwc({{"pads", p1}, {"group", std::int64_t{6}}})));
  list.push_back(conv_case(
      "depthwise_3x3", {1, 11, 13, 24}, {24, 1, 3, 3},
      nhwc({{"pads", p1}, {"group", std::int64_t{24}}, {"activation", "clip"}, {"alpha", 0.0}, {"beta", 6.0}})));
  list.push_back(conv_case("depthwise_3x3_stride", {1, 14, 15, 37}, {37, 1, 3, 3},
                           nhwc({{"pads", p1}, {"strides", s2}, {"group", std::int64_t{37}}, {"activation", "silu"}})));
  list.push_back(conv_case("depthwise_5x5", {2, 9, 7, 16}, {16, 1, 5, 5},
                           nhwc({{"pads", Ints{2, 2, 2, 2}}, {"group", std::int64_t{16}}}), true, Dims{2, 9, 7, 16}));
  list.push_back(conv_case("depthwise_7x7", {1, 8, 9, 20}, {20, 1, 7, 7},
                           nhwc({{"pads", Ints{3, 3, 3, 3}}, {"group", std::int64_t{20}}})));
  list.push_back(
      conv_case("depthwise_multiplier", {1, 8, 7, 6}, {18, 1, 3, 3}, nhwc({{"pads", p1}, {"group", std::int64_t{6}}})));
  list.push_back(conv_case("nchw", {1, 6, 9, 8}, {10, 6, 3, 3}, attributes({{"pads", p1}, {"activation", "relu"}})));
  list.push_back(conv_case("line", {2, 5, 20}, {7, 5, 3}, attributes({{"pads", Ints{1, 1}}, {"strides", Ints{2}}})));
  list.push_back(conv_case("volume", {1, 3, 5, 6, 7}, {4, 3, 3, 3, 3}, attributes({{"pads", Ints{1, 1, 1, 1, 1, 1}}})));
  list.push_back(conv_case("volume_residual", {2, 4, 3, 5, 6}, {6, 2, 2, 3, 3},
                           attributes({{"group", std::int64_t{2}},
                                       {"strides", Ints{1, 2, 1}},
                                       {"pads", Ints{0, 1, 1, 1, 1, 1}},
                                       {"activation", "silu"},
                                       {"residual", "after"}}),
                           true, Dims{2, 6, 3, 3, 6}));
  list.push_back({.name = "unknown_weights",
                  .inputs = {{1, 9, 8, 6}, {20, 6, 3, 3}, {20}},
                  .attributes = nhwc({{"pads", p1}, {"activation", "relu"}})});
  list.push_back({.name = "unknown_depthwise",
                  .inputs = {{1, 5, 7, 7}, {5, 1, 3, 3}},
                  .attributes = attributes({{"group", std::int64_t{5}}})});
  // Channels in multiples of 8: what tensor cores take.
  list.push_back(conv_case("deep_1x1", {1, 5, 6, 256}, {40, 256, 1, 1}, nhwc({{"activation", "relu"}})));
  list.push_back(conv_case("deep_3x3", {1, 6, 5, 640}, {136, 640, 3, 3}, nhwc({{"pads", p1}})));
  list.push_back(conv_case("pictures_3x3", {3, 5, 7, 64}, {72, 64, 3, 3}, nhwc({{"pads", p1}, {"activation", "relu"}}),
                           true, Dims{3, 5, 7, 72}));
  list.push_back(conv_case("pictures_stride", {2, 9, 11, 96}, {64, 96, 3, 3}, nhwc({{"pads", p1}, {"strides", s2}})));
  list.push_back(conv_case(
      "dilated_residual", {1, 10, 9, 32}, {24, 32, 3, 3},
      nhwc({{"pads", Ints{2, 2, 2, 2}}, {"dilations", Ints{2, 2}}, {"activation", "silu"}, {"residual", "after"}}),
      true, Dims{1, 10, 9, 24}));
  list.push_back(conv_case("uneven_window", {2, 8, 9, 40}, {48, 40, 2, 4},
                           nhwc({{"pads", Ints{0, 1, 1, 2}}, {"strides", Ints{1, 3}}})));
  list.push_back(conv_case("sparse_1x1", {1, 9, 8, 64}, {128, 64, 1, 1}, nhwc({{"strides", s2}})));
  list.push_back(conv_case("wide_picture", {1, 3, 200, 16}, {16, 16, 3, 3}, nhwc({{"pads", p1}})));
  list.push_back(conv_case("empty_batch", {0, 4, 4, 3}, {5, 3, 3, 3}, nhwc({{"pads", p1}})));
  return list;
}

}  // namespace vireo::ops
