#include <cmath>

#include "engine/ops/cases.h"

namespace vireo::ops {

std::vector<Case> tree_ensemble_cases() {
  const DataType i = DataType::int64, f = DataType::float32, d = DataType::float64;
  // Tree 0: feature 0 <= 0.5 ? leaf : (feature 2 < -1 ? leaf : leaf); tree 1: feature 1 > 1 (NaN holds) ? leaf : leaf.
  const std::vector<double> nodes{0, 0, 1, 2, 0, 7,  0, 1, 2, 1, 3, 4, 0, 7, 1, 2,
                                  0, 7, 3, 0, 1, 19, 6, 7, 0, 7, 3, 1, 0, 7, 4, 2};
  const std::vector<double> thresholds{0.5, 0, -1, 0, 0, 1, 0, 0};
  const auto forest = [&](std::int64_t rows, const char* aggregate, DataType type) {
    return Case{.name = aggregate,
                .inputs = {{rows, 3}, {8, 4}, {8}, {2}, {6}, {6}},
                .attributes = attributes({{"targets", 3}, {"aggregate", std::string(aggregate)}}),
                .dtypes = {type, i, type, i, i, type},
                .constants = {
                    {1, nodes}, {2, thresholds}, {3, {0, 5}}, {4, {0, 1, 2, 1, 1, 0}}, {5, {0.5, -1, 2, 4, -0.25, 8}}}};
  };
  std::vector<Case> cases{forest(150, "sum", f), forest(7, "average", f), forest(1, "min", d), forest(65, "max", f)};
  Case missing = forest(4, "sum", f);
  missing.name = "not a number, and thresholds themselves";
  missing.constants[0] = {NAN, NAN, NAN, 0.5, 1, -1, 0.75, NAN, -1, 1, 1, -1.5};
  cases.push_back(missing);
  // One tree that compares for being equal and in sets; the root of another is a leaf.
  cases.push_back({.name = "sets",
                   .inputs = {{9, 1}, {6, 4}, {6}, {2}, {3}, {3}, {6}},
                   .attributes = attributes({{"targets", 1}}),
                   .dtypes = {f, i, f, i, i, f, f},
                   .constants = {{0, {1, 2, 3, 4, 5, 0, NAN, 12, -1}},
                                 {1, {0, 6, 1, 2, 0, 7, 0, 1, 0, 4, 3, 4, 0, 7, 1, 1, 0, 22, 1, 5, 0, 7, 2, 1}},
                                 {2, {0, 0, 5, 0, 3, 0}},
                                 {3, {0, 5}},
                                 {4, {0, 0, 0}},
                                 {5, {1, 10, 100}},
                                 {6, {1, 3, NAN, 12, 2, NAN}}}});
  Case many = forest(3, "sum", f);  // few rows and many trees: groups of trees
  many.name = "many trees";
  many.inputs[3] = {1500};
  many.constants[3].clear();
  for (int tree = 0; tree < 1500; ++tree) many.constants[3].push_back(tree % 3 == 0 ? 5 : 0);
  cases.push_back(many);
  cases.push_back({.name = "no trees",
                   .inputs = {{2, 3}, {0, 4}, {0}, {0}, {0}, {0}},
                   .attributes = attributes({{"targets", 2}}),
                   .dtypes = {f, i, f, i, i, f},
                   .constants = {{1, {}}}});
  return cases;
}

}  // namespace vireo::ops
