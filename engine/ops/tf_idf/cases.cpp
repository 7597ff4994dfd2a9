#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> tf_idf_cases() {
  const Ints pool{2, 3, 5, 4, 5, 6, 7, 8, 6, 7}, counts{0, 4}, indexes{0, 1, 2, 3, 4, 5, 6};
  const std::vector<DataType> types{DataType::int64};
  const auto with = [&](std::int64_t low, std::int64_t high, std::int64_t skip, const char* mode) {
    Attributes a = attributes({{"min_length", low}, {"max_length", high}, {"max_skip", skip}, {"mode", mode}});
    a.set("pool", pool);
    a.set("counts", counts);
    a.set("indexes", indexes);
    a.set("weights", Reals{1, 2, 3, 4, 5, 6, 7});
    return a;
  };
  const std::vector<double> text{1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8};
  return {
      {.name = "pairs", .inputs = {{12}}, .attributes = with(2, 2, 0, "tf"), .dtypes = types, .constants = {{0, text}}},
      {.name = "pairs with gaps",
       .inputs = {{2, 6}},
       .attributes = with(1, 2, 5, "tfidf"),
       .dtypes = {DataType::int32},
       .constants = {{0, text}}},
      {.name = "whether there is one",
       .inputs = {{12}},
       .attributes = with(1, 2, 1, "idf"),
       .dtypes = types,
       .constants = {{0, text}}},
      {.name = "nothing to read", .inputs = {{2, 0}}, .attributes = with(1, 2, 1, "tf"), .dtypes = types}};
}

}  // namespace vireo::ops
