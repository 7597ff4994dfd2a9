#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

std::vector<double> ramp(std::int64_t count, std::uint32_t state) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<double>(state >> 8) / (1 << 23) - 1.0;
  }
  return values;
}

enum class Bias { none, same_type, float32 };

/// Weights and bias are constants; `same_type`: of x.
Case pair_case(std::string_view name, Dims x1, Dims w1, Dims x2, Dims w2,
               std::initializer_list<std::pair<std::string_view, AttributeValue>> more, Bias bias = Bias::same_type) {
  Case c{.name = name, .inputs = {std::move(x1), w1, std::move(x2), w2}, .attributes = attributes(more)};
  c.constants[1] = ramp(element_count(w1), 12345);
  c.constants[3] = ramp(element_count(w2), 54321);
  if (bias == Bias::none) return c;
  c.inputs.push_back({w1[0]});
  c.constants[4] = ramp(w1[0], 777);
  if (bias == Bias::float32)
    c.dtypes = {DataType::float16, DataType::float16, DataType::float16, DataType::float16, DataType::float32};
  return c;
}

}  // namespace

std::vector<Case> conv_pair_cases() {
  const Ints p1{1, 1, 1, 1}, s2{2, 2};
  std::vector<Case> list;
  list.push_back(pair_case("stage_begins", {1, 7, 5, 64}, {256, 64, 1, 1}, {1, 7, 5, 64}, {256, 64, 1, 1},
                           {{"activation", "relu"}}));
  list.push_back(pair_case("stride", {3, 5, 6, 128}, {136, 128, 1, 1}, {3, 9, 11, 64}, {136, 64, 1, 1},
                           {{"strides2", s2}, {"activation", "relu"}}));
  list.push_back(pair_case("bias_of_float32", {1, 4, 7, 64}, {72, 64, 1, 1}, {1, 8, 13, 256}, {72, 256, 1, 1},
                           {{"strides2", s2}, {"activation", "silu"}}, Bias::float32));
  list.push_back(pair_case("window_first", {1, 7, 9, 64}, {64, 64, 3, 3}, {1, 13, 18, 64}, {64, 64, 1, 1},
                           {{"pads1", p1}, {"strides2", s2}, {"activation", "relu"}}));
  list.push_back(pair_case("window_second", {1, 6, 5, 1024}, {64, 1024, 1, 1}, {1, 6, 5, 64}, {64, 64, 3, 3},
                           {{"pads2", p1}}, Bias::none));
  list.push_back(pair_case("few_channels", {3, 11, 4, 24}, {40, 24, 1, 1}, {3, 21, 8, 24}, {40, 24, 3, 3},
                           {{"pads2", p1}, {"strides2", s2}, {"activation", "silu"}}));
  list.push_back(pair_case("odd_windows", {2, 8, 9, 40}, {48, 40, 2, 4}, {2, 11, 5, 24}, {48, 24, 5, 3},
                           {{"pads1", Ints{0, 1, 1, 2}},
                            {"strides1", Ints{1, 3}},
                            {"pads2", Ints{0, 1, 1, 1}},
                            {"strides2", Ints{1, 2}},
                            {"activation", "leaky_relu"},
                            {"alpha", 0.1}},
                           Bias::none));
  list.push_back(pair_case("dilated", {1, 9, 10, 32}, {24, 32, 3, 3}, {1, 9, 10, 48}, {24, 48, 1, 1},
                           {{"pads1", Ints{2, 2, 2, 2}}, {"dilations1", s2}}));
  list.push_back(pair_case("one_pixel", {1, 1, 1, 256}, {1024, 256, 1, 1}, {1, 2, 2, 128}, {1024, 128, 1, 1},
                           {{"strides2", s2}, {"activation", "relu"}}, Bias::none));
  list.push_back(pair_case("channels_of_no_multiple", {1, 5, 4, 7}, {9, 7, 1, 1}, {1, 5, 4, 3}, {9, 3, 3, 3},
                           {{"pads2", p1}, {"activation", "clip"}, {"alpha", 0.0}, {"beta", 6.0}}));
  list.push_back({.name = "unknown_weights",
                  .inputs = {{1, 5, 4, 16}, {8, 16, 1, 1}, {1, 5, 4, 16}, {8, 16, 1, 1}, {8}},
                  .attributes = attributes({{"activation", "relu"}})});
  list.push_back(pair_case("empty_batch", {0, 4, 4, 16}, {8, 16, 1, 1}, {0, 4, 4, 16}, {8, 16, 1, 1}, {}));
  return list;
}

}  // namespace vireo::ops
