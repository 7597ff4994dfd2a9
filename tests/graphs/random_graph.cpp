#include "tests/graphs/random_graph.h"

#include "engine/ops/cases.h"
#include "engine/ops/table.h"
#include "tests/graphs/generator.h"

namespace vireo::graphs_testing {
namespace {

/// A case of any operator's own, its first tensor cut from the network's.
void any_case(Generator& g) {
  const auto operators = ops::all_operators();
  const graph::Operator& op =
      *operators[static_cast<std::size_t>(g.below(static_cast<std::int64_t>(operators.size())))];
  const std::vector<ops::Case> cases = ops::cases_of(op);
  const ops::Case& test = cases[static_cast<std::size_t>(g.below(static_cast<std::int64_t>(cases.size())))];
  std::vector<TensorId> inputs;
  bool first = true;
  for (std::size_t k = 0; k < test.inputs.size(); ++k) {
    const DataType type = k < test.dtypes.size() ? test.dtypes[k] : DataType::float32;
    const Dims& dims = test.inputs[k];
    const auto given = test.constants.find(static_cast<int>(k));
    if (given != test.constants.end()) {
      inputs.push_back(g.constant(dims, given->second.empty() ? std::vector<double>{0} : given->second, type));
    } else if (first && type == DataType::float32) {
      inputs.push_back(g.shaped(dims));
      first = false;
    } else if (type == DataType::float32) {
      inputs.push_back(g.weight(dims, g.chance(0.8) ? 0.1 : -1));
    } else {
      std::vector<double> values;
      for (int i = 0; i < 97; ++i) values.push_back(static_cast<double>(g.below(2)));
      inputs.push_back(g.constant(dims, values, type));
    }
  }
  const int outputs = test.outputs;
  (void)g.layers(op.name, std::move(inputs), test.attributes, outputs);
}

void new_input(Generator& g) {
  const auto rank = static_cast<std::size_t>(g.below(6));
  Dims dims;
  for (std::size_t i = 0; i < rank; ++i) dims.push_back(g.extent());
  if (rank == 4 && g.chance(0.7)) dims = {g.between(1, 2), g.channels(), g.between(1, 12), g.between(1, 12)};
  if (rank > 0 && g.chance(0.01)) dims[static_cast<std::size_t>(g.below(static_cast<std::int64_t>(rank)))] = 0;
  if (element_count(dims) > 6000) throw Rejected("too large");
  const DataType type = g.one_of({DataType::float32, DataType::float32, DataType::float32, DataType::float32,
                                  DataType::float32, DataType::int64, DataType::uint8, DataType::boolean});
  (void)g.input(type, dims, rank > 0 && g.chance(0.12));
}

}  // namespace

Sample random_graph(std::uint64_t seed) {
  Generator g(seed * 0x9e3779b97f4a7c15u + 1);
  std::vector<Recipe> recipes{{"any_case", 10, any_case}};
  for (const auto& list : {elementwise_recipes(), activation_recipes(), image_recipes(), movement_recipes(),
                           lookup_recipes(), product_recipes()})
    recipes.insert(recipes.end(), list.begin(), list.end());
  // A graph leans to some recipes, so that layers of a kind meet.
  for (Recipe& recipe : recipes) recipe.weight *= static_cast<int>(g.one_of({0, 1, 1, 3}));
  std::int64_t total = 1;
  for (const Recipe& recipe : recipes) total += recipe.weight;
  (void)g.input(DataType::float32,
                g.chance(0.7) ? Dims{g.between(1, 2), g.channels(), g.between(3, 11), g.between(3, 11)}
                              : Dims{g.extent(), g.extent(), g.between(1, 40)},
                g.chance(0.1));
  for (std::int64_t more = g.one_of({0, 0, 1, 2}); more > 0; --more) (void)g.attempt(new_input);
  const std::int64_t layers = g.between(3, 30);
  for (int tries = 0; g.layer_count() < layers && tries < 400; ++tries) {
    std::int64_t at = g.below(total);
    for (const Recipe& recipe : recipes) {
      at -= recipe.weight;
      if (at >= 0) continue;
      (void)g.attempt(recipe.run);
      break;
    }
  }
  return g.finish();
}

}  // namespace vireo::graphs_testing
