#include "engine/ops/cases.h"

namespace vireo::ops {
namespace {

Case gemm_case(std::string_view name, Dims a, Dims b, Attributes attributes, bool constant,
               std::vector<Dims> more = {}) {
  Case c{.name = name, .inputs = {std::move(a), b}, .attributes = std::move(attributes)};
  for (Dims& dims : more) c.inputs.push_back(std::move(dims));
  if (constant) {
    std::vector<double> values(static_cast<std::size_t>(element_count(b)));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 53 % 97) / 48.0 - 1.0;
    c.constants[1] = values;
  }
  return c;
}

}  // namespace

std::vector<Case> gemm_cases() {
  const std::int64_t yes = 1;
  std::vector<Case> list;
  list.push_back(gemm_case("plain", {5, 7}, {7, 9}, {}, false));
  list.push_back(gemm_case("classifier", {1, 130}, {100, 130}, attributes({{"transB", yes}}), true, {{100}}));
  list.push_back(
      gemm_case("rows", {37, 65}, {49, 65}, attributes({{"transB", yes}, {"activation", "relu"}}), true, {{49}}));
  list.push_back(gemm_case("scaled", {6, 17}, {17, 19}, attributes({{"alpha", 0.5}, {"beta", 2.0}}), true, {{6, 19}}));
  list.push_back(gemm_case("addend_column", {6, 17}, {17, 19}, attributes({{"beta", 0.25}}), true, {{6, 1}}));
  list.push_back(gemm_case("addend_scalar", {6, 17}, {17, 19}, {}, true, {{}}));
  list.push_back(gemm_case("transposed_left", {17, 6}, {17, 19}, attributes({{"transA", yes}}), true, {{1, 19}}));
  list.push_back(
      gemm_case("both_transposed", {17, 6}, {19, 17}, attributes({{"transA", yes}, {"transB", yes}}), false, {{19}}));
  list.push_back(gemm_case("residual", {8, 17}, {17, 33}, attributes({{"residual", "before"}, {"activation", "silu"}}),
                           true, {{33}, {8, 33}}));
  list.push_back(gemm_case("tiles", {131, 37}, {131, 37}, attributes({{"transB", yes}}), false, {{131, 1}}));
  Case wide = gemm_case("known_bias", {70, 72}, {136, 72},
                        attributes({{"transB", yes}, {"alpha", 0.5}, {"activation", "relu"}}), true, {{136}});
  for (int i = 0; i < 136; ++i) wide.constants[2].push_back(0.03 * (i - 60));
  list.push_back(wide);
  list.push_back(gemm_case("deep", {9, 1088}, {1088, 72}, attributes({{"activation", "relu"}}), true));
  list.push_back(gemm_case("empty", {0, 4}, {4, 5}, {}, true));
  Case integers = gemm_case("integers", {5, 6}, {6, 7}, {}, false, {{7}});
  integers.dtypes = {DataType::int64, DataType::int64, DataType::int64};
  list.push_back(integers);
  return list;
}

}  // namespace vireo::ops
