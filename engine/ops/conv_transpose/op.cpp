// Transposed convolution over one to three spatial axes with groups, fused bias and activation.
#include "engine/ops/conv_transpose/conv_transpose.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void conv_transpose_reference(const EvalContext&);

namespace {

void infer(InferContext& c) { infer_conv(c, Direction::transposed); }

double flops(const Problem& p) {
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::transposed);
  return 2.0 * static_cast<double>(p.inputs[0].count()) * static_cast<double>(g.cout_per_group()) *
         static_cast<double>(g.taps());
}

Case make(std::string_view name, Dims x, Dims w, Attributes a, std::int64_t bias = 0) {
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

bool varying(VaryingContext& c) { return varying_batch(c); }

std::vector<Case> cases() {
  const auto nhwc = [](std::initializer_list<std::pair<std::string_view, AttributeValue>> more) {
    Attributes a = attributes(more);
    a.set("layout", std::string("nhwc"));
    return a;
  };
  const Ints s2{2, 2};
  std::vector<Case> list;
  list.push_back(
      make("double_2x2", {1, 7, 9, 24}, {24, 20, 2, 2}, nhwc({{"strides", s2}, {"activation", "relu"}}), 20));
  list.push_back(make("double_4x4", {1, 6, 5, 8}, {8, 16, 4, 4}, nhwc({{"strides", s2}, {"pads", Ints{1, 1, 1, 1}}})));
  list.push_back(make("double_3x3", {2, 5, 6, 7}, {7, 17, 3, 3},
                      nhwc({{"strides", s2}, {"pads", Ints{1, 1, 1, 1}}, {"output_padding", Ints{1, 1}}}), 17));
  list.push_back(
      make("stride_one", {1, 6, 7, 9}, {9, 5, 3, 3}, nhwc({{"pads", Ints{1, 0, 1, 0}}, {"activation", "silu"}}), 5));
  list.push_back(make("grouped", {1, 5, 5, 8}, {8, 3, 3, 3}, nhwc({{"strides", s2}, {"group", std::int64_t{2}}})));
  list.push_back(make("depthwise", {1, 6, 6, 12}, {12, 1, 4, 4},
                      nhwc({{"strides", s2}, {"pads", Ints{1, 1, 1, 1}}, {"group", std::int64_t{12}}})));
  list.push_back(make("sparse", {1, 4, 4, 6}, {6, 4, 2, 2}, nhwc({{"strides", Ints{3, 3}}}), 4));
  list.push_back(make("dilated", {1, 5, 6, 4}, {4, 6, 3, 3}, nhwc({{"strides", s2}, {"dilations", s2}})));
  list.push_back(make("nchw", {1, 4, 5, 6}, {4, 3, 3, 3}, attributes({{"strides", s2}}), 3));
  list.push_back(make("line", {1, 4, 9}, {4, 3, 3}, attributes({{"strides", Ints{2}}})));
  list.push_back(
      make("output_shape", {1, 3, 3, 4}, {4, 5, 3, 3}, nhwc({{"strides", Ints{3, 2}}, {"output_shape", Ints{10, 8}}})));
  return list;
}

}  // namespace

extern const Operator conv_transpose_operator;
const Operator conv_transpose_operator{.name = "conv_transpose",
                                       .min_inputs = 2,
                                       .max_inputs = 4,
                                       .infer = infer,
                                       .reference = conv_transpose_reference,
                                       .flops = flops,
                                       .tactics = conv_transpose_tactics,
                                       .cases = cases,
                                       .axis_order = AxisOrder::chosen_layout,
                                       .keeps = KeptExtents::batch,
                                       .residual_input = 3,
                                       .costly = true,
                                       .varying = varying};

}  // namespace vireo::ops
