#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

Case matmul_case(std::string_view name, Dims a, Dims b, Attributes attributes = {}, bool constant = false,
                 const std::vector<Dims>& more = {}) {
  Case c{.name = name, .inputs = {std::move(a), b}, .attributes = std::move(attributes)};
  c.inputs.insert(c.inputs.end(), more.begin(), more.end());
  if (constant) {
    std::vector<double> values(static_cast<std::size_t>(element_count(b)));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 37 % 101) / 50.0 - 1.0;
    c.constants[1] = values;
  }
  return c;
}

}  // namespace

std::vector<Case> matmul_cases() {
  std::vector<Case> list;
  list.push_back(matmul_case("square", {33, 40}, {40, 50}));
  list.push_back(matmul_case("constant", {33, 40}, {40, 50}, {}, true));
  list.push_back(matmul_case("row", {1, 70}, {70, 130}, {}, true, {{130}}));
  list.push_back(
      matmul_case("row_transposed", {1, 70}, {130, 70}, attributes({{"trans_b", std::int64_t{1}}}), true, {{130}}));
  list.push_back(matmul_case("vector_matrix", {19}, {19, 21}));
  list.push_back(matmul_case("matrix_vector", {5, 19}, {19}));
  list.push_back(matmul_case("vector_vector", {19}, {19}));
  list.push_back(matmul_case("batched", {2, 3, 17, 24}, {2, 3, 24, 31}));
  list.push_back(matmul_case("broadcast", {2, 1, 9, 8}, {3, 8, 7}));
  list.push_back(matmul_case("shared_right", {2, 3, 9, 8}, {8, 7}, attributes({{"activation", "gelu"}}), true, {{7}}));
  list.push_back(matmul_case("attention", {1, 2, 37, 16}, {1, 2, 37, 16},
                             attributes({{"trans_b", std::int64_t{1}}, {"alpha", 0.25}})));
  list.push_back(matmul_case("left_transposed", {2, 24, 17}, {2, 24, 9}, attributes({{"trans_a", std::int64_t{1}}})));
  list.push_back(matmul_case("residual_before", {31, 16}, {16, 16},
                             attributes({{"residual", "before"}, {"activation", "relu"}}), true, {{16}, {31, 16}}));
  list.push_back(
      matmul_case("residual_after", {2, 31, 16}, {16, 33},
                  attributes({{"residual", "after"}, {"activation", "leaky_relu"}, {"activation_alpha", 0.3}}), true,
                  {{33}, {2, 31, 33}}));
  list.push_back(matmul_case("deep", {6, 1500}, {1500, 20}, {}, true));
  list.push_back(matmul_case("deep_tall", {70, 1088}, {1088, 72}, {}, true));
  list.push_back(matmul_case("tiles", {2, 133, 35}, {35, 131}, {}, true));
  Case wide = matmul_case("known_bias", {2, 67, 136}, {136, 72},
                          attributes({{"residual", "before"}, {"activation", "silu"}, {"alpha", 0.5}}), true,
                          {{72}, {2, 67, 72}});
  for (int i = 0; i < 72; ++i) wide.constants[2].push_back(0.05 * (i - 30));
  list.push_back(wide);
  // Rows in multiples of 8: what tensor cores take.
  list.push_back(matmul_case("batched_eighths", {2, 3, 37, 48}, {2, 3, 48, 72}));
  Case broadcast = matmul_case("broadcast_eighths", {2, 1, 21, 40}, {3, 40, 136},
                               attributes({{"residual", "after"}, {"activation", "relu"}, {"alpha", 0.5}}), false,
                               {{136}, {2, 3, 21, 136}});
  for (int i = 0; i < 136; ++i) broadcast.constants[2].push_back(0.02 * (i - 70));
  list.push_back(broadcast);
  list.push_back(matmul_case("one", {1, 1}, {1, 1}));
  list.push_back(matmul_case("no_inner", {3, 0}, {0, 4}));
  list.push_back(matmul_case("empty", {0, 5}, {5, 4}));
  Case integers = matmul_case("integers", {5, 6}, {6, 7});
  integers.dtypes = {DataType::int32, DataType::int32};
  list.push_back(integers);
  return list;
}

}  // namespace vireo::ops
