// Every adder of layers.h against values that were worked out by hand.

#include <gtest/gtest.h>

#include "tests/network/trial.h"

namespace vireo::testing_network {
namespace {

using Op = Network::MatrixOp;

TEST(Products, convolutions_of_one_to_three_axes) {
  Trial t;
  const Tensor x = t.input({1, 1, 3, 3}, counting(9));
  const Tensor w = t.constant({1, 1, 2, 2}, {1, 0, 0, 1});
  t.expect(t.n.add_convolution(x, w), {1, 1, 2, 2}, {6, 8, 12, 14});
  t.expect(t.n.add_convolution(x, w, t.constant({1}, {10}), {.strides = {2, 2}, .pads = {1, 1, 1, 1}}), {1, 1, 2, 2},
           {11, 13, 17, 24});
  Trial line;
  const Tensor l = line.input({1, 1, 4}, counting(4));
  line.expect(line.n.add_convolution(l, line.constant({1, 1, 2}, {1, -1})), {1, 1, 3}, {-1, -1, -1});
  line.expect(
      line.n.add_convolution(l, line.constant({1, 1, 2}, {1, 1}), {}, {.auto_pad = Network::AutoPad::same_upper}),
      {1, 1, 4}, {3, 5, 7, 4});
  line.expect(line.n.add_convolution(l, line.constant({1, 1, 2}, {1, 1}), {}, {.dilations = {2}}), {1, 1, 2}, {4, 6});
  Trial room;
  const Tensor r = room.input({1, 1, 2, 2, 2}, counting(8));
  room.expect(room.n.add_convolution(r, room.constant({1, 1, 2, 2, 2}, Values(8, 1))), {1, 1, 1, 1, 1}, {36});
}

TEST(Products, groups_keep_channels_apart) {
  Trial t;
  const Tensor x = t.input({1, 2, 1, 2}, {1, 2, 3, 4});
  t.expect(t.n.add_convolution(x, t.constant({2, 1, 1, 1}, {10, 100}), {}, {.groups = 2}), {1, 2, 1, 2},
           {10, 20, 300, 400});
}

TEST(Products, deconvolution_spreads_each_element) {
  Trial t;
  const Tensor x = t.input({1, 1, 2, 2}, {1, 2, 3, 4});
  const Tensor w = t.constant({1, 1, 2, 2}, Values(4, 1));
  t.expect(t.n.add_deconvolution(x, w, {}, {.strides = {2, 2}}), {1, 1, 4, 4},
           {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4});
  t.expect(t.n.add_deconvolution(x, w, t.constant({1}, {5}), {.pads = {1, 1, 0, 0}}), {1, 1, 2, 2}, {15, 11, 12, 9});
  t.expect(t.n.add_deconvolution(x, t.constant({1, 1, 1, 1}, {1}), {}, {.strides = {2, 2}, .output_padding = {1, 0}}),
           {1, 1, 4, 3}, {1, 0, 2, 0, 0, 0, 3, 0, 4, 0, 0, 0});
}

TEST(Products, fully_connected_flattens_what_is_behind_the_axis) {
  Trial t;
  const Tensor x = t.input({1, 2, 2}, counting(4));
  const Tensor w = t.constant({2, 4}, {1, 1, 1, 1, 1, 0, 0, -1});
  t.expect(t.n.add_fully_connected(x, w, t.constant({2}, {1, 2})), {1, 2}, {11, -1});
  t.expect(t.n.add_fully_connected(x, t.constant({1, 2}, {1, 10}), {}, 2), {2, 1}, {21, 43});
}

TEST(Products, matrices_transposed_ones_and_vectors) {
  Trial t;
  const Tensor a = t.input({2, 2}, counting(4)), v = t.input({2}, {1, 1});
  t.expect(t.n.add_matrix_multiply(a, Op::none, a, Op::none), {2, 2}, {7, 10, 15, 22});
  t.expect(t.n.add_matrix_multiply(a, Op::transpose, a, Op::none), {2, 2}, {10, 14, 14, 20});
  t.expect(t.n.add_matrix_multiply(a, Op::none, a, Op::transpose), {2, 2}, {5, 11, 11, 25});
  t.expect(t.n.add_matrix_multiply(a, Op::none, v, Op::vector), {2}, {3, 7});
  t.expect(t.n.add_matrix_multiply(v, Op::vector, a, Op::none), {2}, {4, 6});
  t.expect(t.n.add_matrix_multiply(v, Op::vector, v, Op::vector), {}, {2});
  const Tensor batch = t.constant({2, 2, 2}, {1, 0, 0, 1, 2, 0, 0, 2});
  t.expect(t.n.add_matrix_multiply(a, Op::vector, batch, Op::none), {2, 2}, {1, 2, 6, 8});
  t.expect(t.n.add_einsum({a, v}, "ij,j->i"), {2}, {3, 7});
}

TEST(Elementwise, every_activation) {
  using A = Network::Activation;
  const Values x{-2, -0.5, 0, 0.5, 2};
  struct Row {
    A kind;
    Network::ActivationParameters parameters;
    double (*value)(double);
  };
  const Row rows[] = {
      {A::relu, {}, [](double v) { return std::max(v, 0.0); }},
      {A::sigmoid, {}, [](double v) { return 1 / (1 + std::exp(-v)); }},
      {A::tanh, {}, [](double v) { return std::tanh(v); }},
      {A::leaky_relu, {}, [](double v) { return v < 0 ? 0.01 * v : v; }},
      {A::leaky_relu, {.alpha = 0.2}, [](double v) { return v < 0 ? 0.2 * v : v; }},
      {A::elu, {.alpha = 2}, [](double v) { return v < 0 ? 2 * std::expm1(v) : v; }},
      {A::selu, {.alpha = 2, .beta = 3}, [](double v) { return v < 0 ? 6 * std::expm1(v) : 3 * v; }},
      {A::celu, {.alpha = 2}, [](double v) { return v < 0 ? 2 * std::expm1(v / 2) : v; }},
      {A::softsign, {}, [](double v) { return v / (1 + std::abs(v)); }},
      {A::softplus, {}, [](double v) { return std::log1p(std::exp(v)); }},
      {A::softplus, {.alpha = 0.5, .beta = 3}, [](double v) { return 0.5 * std::log1p(std::exp(3 * v)); }},
      {A::clip, {.alpha = -1, .beta = 0.25}, [](double v) { return std::clamp(v, -1.0, 0.25); }},
      {A::hard_sigmoid, {.alpha = 0.5, .beta = 0.25}, [](double v) { return std::clamp(0.5 * v + 0.25, 0.0, 1.0); }},
      {A::hard_swish, {}, [](double v) { return v * std::clamp(v / 6 + 0.5, 0.0, 1.0); }},
      {A::scaled_tanh, {.alpha = 2, .beta = 3}, [](double v) { return 2 * std::tanh(3 * v); }},
      {A::thresholded_relu, {.alpha = 1}, [](double v) { return v > 1 ? v : 0; }},
      {A::gelu, {}, [](double v) { return v / 2 * (1 + std::erf(v / std::sqrt(2))); }},
      {A::gelu_tanh,
       {},
       [](double v) { return v / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))); }},
      {A::silu, {}, [](double v) { return v / (1 + std::exp(-v)); }},
      {A::mish, {}, [](double v) { return v * std::tanh(std::log1p(std::exp(v))); }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(static_cast<int>(row.kind));
    Trial t;
    Values y;
    for (const double v : x) y.push_back(row.value(v));
    t.expect(t.n.add_activation(t.input({5}, x), row.kind, row.parameters), {5}, y, 1e-5);
  }
  Trial t;
  t.expect(t.n.add_parametric_relu(t.input({2, 2}, {-1, -2, 3, -4}), t.constant({2}, {10, 100})), {2, 2},
           {-10, -200, 3, -400});
}

TEST(Elementwise, every_function_of_one_tensor) {
  using U = Network::Unary;
  struct Row {
    U function;
    double (*value)(double);
  };
  const Row rows[] = {{U::exp, [](double v) { return std::exp(v); }},
                      {U::log, [](double v) { return std::log(v); }},
                      {U::sqrt, [](double v) { return std::sqrt(v); }},
                      {U::reciprocal, [](double v) { return 1 / v; }},
                      {U::abs, [](double v) { return std::abs(v); }},
                      {U::neg, [](double v) { return -v; }},
                      {U::sin, [](double v) { return std::sin(v); }},
                      {U::cos, [](double v) { return std::cos(v); }},
                      {U::tan, [](double v) { return std::tan(v); }},
                      {U::sinh, [](double v) { return std::sinh(v); }},
                      {U::cosh, [](double v) { return std::cosh(v); }},
                      {U::asin, [](double v) { return std::asin(v); }},
                      {U::acos, [](double v) { return std::acos(v); }},
                      {U::atan, [](double v) { return std::atan(v); }},
                      {U::asinh, [](double v) { return std::asinh(v); }},
                      {U::acosh, [](double v) { return std::acosh(v); }},
                      {U::atanh, [](double v) { return std::atanh(v); }},
                      {U::ceil, [](double v) { return std::ceil(v); }},
                      {U::floor, [](double v) { return std::floor(v); }},
                      {U::round, [](double v) { return std::nearbyint(v); }},
                      {U::erf, [](double v) { return std::erf(v); }},
                      {U::sign, [](double v) { return v > 0   ? 1.0
                                                      : v < 0 ? -1.0
                                                              : 0.0; }}};
  for (const Row& row : rows) {
    SCOPED_TRACE(static_cast<int>(row.function));
    Trial t;
    const double x = row.function == U::acosh ? 1.5 : 0.5;
    t.expect(t.n.add_unary(t.input({1}, {x}), row.function), {1}, {row.value(x)});
  }
  Trial t;
  const Tensor odd = t.input({3}, {NAN, INFINITY, 1});
  t.expect(t.n.add_unary(odd, U::is_nan), {3}, {1, 0, 0});
  t.expect(t.n.add_unary(odd, U::is_inf), {3}, {0, 1, 0});
  t.expect(t.n.add_unary(t.n.add_unary(odd, U::is_nan), U::logical_not), {3}, {0, 1, 1});
}

TEST(Elementwise, every_function_of_two_tensors) {
  using E = Network::Elementwise;
  struct Row {
    E function;
    Values value;
  };
  Trial t;
  const Tensor a = t.input({4}, {-7, 7, 2, 3}), b = t.input({4}, {2, -2, 2, 4});
  for (const Row& row :
       {Row{E::sum, {-5, 5, 4, 7}}, Row{E::difference, {-9, 9, 0, -1}}, Row{E::product, {-14, -14, 4, 12}},
        Row{E::quotient, {-3.5, -3.5, 1, 0.75}}, Row{E::floor_quotient, {-4, -4, 1, 0}}, Row{E::maximum, {2, 7, 2, 4}},
        Row{E::minimum, {-7, -2, 2, 3}}, Row{E::power, {49, 1 / 49.0, 4, 81}}, Row{E::equal, {0, 0, 1, 0}},
        Row{E::less, {1, 0, 0, 1}}, Row{E::less_equal, {1, 0, 1, 1}}, Row{E::greater, {0, 1, 0, 0}},
        Row{E::greater_equal, {0, 1, 1, 0}}}) {
    SCOPED_TRACE(static_cast<int>(row.function));
    t.expect(t.n.add_elementwise(a, b, row.function), {4}, row.value);
  }
  const Tensor yes = t.n.add_elementwise(a, b, E::less), other = t.n.add_elementwise(b, t.constant({1}, {0}), E::less);
  t.expect(t.n.add_elementwise(yes, other, E::logical_and), {4}, {0, 0, 0, 0});
  t.expect(t.n.add_elementwise(yes, other, E::logical_or), {4}, {1, 1, 0, 1});
  t.expect(t.n.add_elementwise(yes, yes, E::logical_xor), {4}, {0, 0, 0, 0});
  t.expect(t.n.add_select(yes, a, b), {4}, {-7, -2, 2, 3});
  Trial whole;
  const Tensor c = whole.input({4}, {-7, 7, 6, -6}, DataType::int64),
               d = whole.input({4}, {2, -2, 3, 4}, DataType::int64);
  whole.expect(whole.n.add_elementwise(c, d, E::quotient), {4}, {-3, -3, 2, -1});
  whole.expect(whole.n.add_elementwise(c, d, E::floor_quotient), {4}, {-4, -4, 2, -2});
  whole.expect(whole.n.add_elementwise(c, d, E::remainder), {4}, {1, -1, 0, 2});
}

TEST(Elementwise, scale_of_all_of_channels_and_of_elements) {
  using Mode = Network::ScaleMode;
  Trial t;
  const Tensor x = t.input({1, 2, 1, 2}, {1, 2, 3, 4});
  t.expect(t.n.add_scale(x, {}), {1, 2, 1, 2}, {1, 2, 3, 4});
  t.expect(
      t.n.add_scale(x, {.scale = t.constant({}, {2}), .shift = t.constant({1}, {1}), .power = t.constant({}, {2})}),
      {1, 2, 1, 2}, {9, 25, 49, 81});
  t.expect(
      t.n.add_scale(x, {.scale = t.constant({2}, {10, 100}), .shift = t.constant({2}, {1, 2}), .mode = Mode::channel}),
      {1, 2, 1, 2}, {11, 21, 302, 402});
  t.expect(t.n.add_scale(x, {.shift = t.constant({2}, {1, 2}), .mode = Mode::channel, .channel_axis = -1}),
           {1, 2, 1, 2}, {2, 4, 4, 6});
  t.expect(t.n.add_scale(x, {.scale = t.constant({2, 1, 2}, {1, 2, 3, 4}), .mode = Mode::elementwise}), {1, 2, 1, 2},
           {1, 4, 9, 16});
}

TEST(Elementwise, casts_and_identities) {
  Trial t;
  const Tensor x = t.input({3}, {-1.5, 0, 2.75});
  t.expect(t.n.add_cast(x, DataType::int32), {3}, {-1, 0, 2});
  t.expect(t.n.add_cast(x, DataType::boolean), {3}, {1, 0, 1});
  t.expect(t.n.add_identity(x), {3}, {-1.5, 0, 2.75});
}

TEST(Reductions, pooling_of_each_kind) {
  using Kind = Network::PoolingKind;
  Trial t;
  const Tensor x = t.input({1, 1, 3, 3}, counting(9));
  t.expect(t.n.add_pooling(x, {.window = {2, 2}}), {1, 1, 2, 2}, {5, 6, 8, 9});
  t.expect(t.n.add_pooling(x, {.kind = Kind::average, .window = {2, 2}, .strides = {2, 2}, .pads = {1, 1, 1, 1}}),
           {1, 1, 2, 2}, {1, 2.5, 5.5, 7});
  t.expect(
      t.n.add_pooling(
          x, {.kind = Kind::average, .window = {2, 2}, .strides = {2, 2}, .pads = {1, 1, 1, 1}, .count_padding = true}),
      {1, 1, 2, 2}, {0.25, 1.25, 2.75, 7});
  t.expect(t.n.add_pooling(x, {.window = {2, 2}, .strides = {2, 2}, .round_up = true}), {1, 1, 2, 2}, {5, 6, 8, 9});
  t.expect(t.n.add_pooling(x, {.kind = Kind::max_average_blend, .window = {3, 3}, .blend = 0.25}), {1, 1, 1, 1},
           {0.25 * 5 + 0.75 * 9});
  Trial line;
  line.expect(line.n.add_pooling(line.input({1, 1, 4}, {4, 1, 2, 3}), {.window = {2}, .strides = {2}}), {1, 1, 2},
              {4, 3});
}

TEST(Reductions, every_reduction_over_axes_and_over_all) {
  using R = Network::Reduction;
  struct Row {
    R kind;
    double value;  // of 1, 2
  };
  for (const Row& row : {Row{R::sum, 3}, Row{R::mean, 1.5}, Row{R::max, 2}, Row{R::min, 1}, Row{R::product, 2},
                         Row{R::l1, 3}, Row{R::l2, std::sqrt(5)}, Row{R::log_sum, std::log(3)},
                         Row{R::log_sum_exp, std::log(std::exp(1) + std::exp(2))}, Row{R::sum_square, 5}}) {
    SCOPED_TRACE(static_cast<int>(row.kind));
    Trial t;
    const Tensor x = t.input({1, 2}, {1, 2});
    t.expect(t.n.add_reduce(x, row.kind, {.axes = {1}}), {1, 1}, {row.value});
    t.expect(t.n.add_reduce(x, row.kind, {.axes = {-1}, .keep = false}), {1}, {row.value});
    t.expect(t.n.add_reduce(x, row.kind, {.keep = false}), {}, {row.value});
  }
}

TEST(Reductions, softmax_and_ragged_softmax) {
  Trial t;
  const Tensor x = t.input({2, 3}, {0, std::log(2), std::log(3), 1, 1, 1});
  t.expect(t.n.add_softmax(x), {2, 3}, {1 / 6.0, 2 / 6.0, 3 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 3.0});
  const double e = std::exp(1.0);
  t.expect(t.n.add_softmax(x, 0), {2, 3},
           {1 / (1 + e), 2 / (2 + e), 3 / (3 + e), e / (1 + e), e / (2 + e), e / (3 + e)});
  for (const DataType type : {DataType::int32, DataType::int64})
    t.expect(t.n.add_ragged_softmax(x, t.constant({2, 1}, {2, 0}, type)), {2, 3}, {1 / 3.0, 2 / 3.0, 0, 0, 0, 0});
}

TEST(Reductions, norms) {
  Trial t;
  const Tensor x = t.input({1, 2, 2}, {1, 3, 2, 6});
  const Tensor scale = t.constant({2}, {1, 10}), bias = t.constant({2}, {0, 5});
  t.expect(t.n.add_normalization(x, scale, bias, {.kind = Network::NormalizationKind::instance, .epsilon = 0}),
           {1, 2, 2}, {-1, 1, -5, 15});
  t.expect(t.n.add_normalization(x, scale, bias, {.epsilon = 0}), {1, 2, 2}, {-1, 15, -1, 15});
  const double deviation = std::sqrt((4 + 0 + 1 + 9) / 4.0);
  t.expect(t.n.add_normalization(x, scale, bias, {.kind = Network::NormalizationKind::group, .epsilon = 0}), {1, 2, 2},
           {-2 / deviation, 0, 5 - 10 / deviation, 5 + 30 / deviation});
  t.expect(t.n.add_normalization(x, scale, {}, {.kind = Network::NormalizationKind::rms, .epsilon = 0}), {1, 2, 2},
           {1 / std::sqrt(5), 30 / std::sqrt(5), 2 / std::sqrt(20), 60 / std::sqrt(20)});
  t.expect(t.n.add_batch_normalization(x, scale, bias, t.constant({2}, {1, 2}), t.constant({2}, {4, 4}), 0), {1, 2, 2},
           {0, 1, 5, 25});
  t.expect(t.n.add_lrn(x, {.window = 1, .alpha = 1, .beta = 1, .k = 1}), {1, 2, 2},
           {1 / 2.0, 3 / 10.0, 2 / 5.0, 6 / 37.0});
}

TEST(Reductions, running_sums_and_the_best) {
  Trial t;
  const Tensor x = t.input({2, 3}, {1, 5, 3, 4, 4, 2});
  t.expect(t.n.add_cumulative(x, {.axis = 1}), {2, 3}, {1, 6, 9, 4, 8, 10});
  t.expect(t.n.add_cumulative(x, {.axis = -1, .exclusive = true, .reverse = true}), {2, 3}, {8, 3, 0, 6, 2, 0});
  const Network::TopKResult best = t.n.add_top_k(x, {.k = 2});
  t.expect(best.values, {2, 2}, {5, 3, 4, 4});
  t.expect(best.indices, {2, 2}, {1, 2, 0, 1});
  const Tensor k = t.constant({1}, {1}, DataType::int64);
  t.expect(t.n.add_top_k(x, {.k_tensor = k, .axis = 0, .largest = false}).values, {1, 3}, {1, 4, 2});
}

}  // namespace
}  // namespace vireo::testing_network
