// What operators do with texts where numbers are usual: the shape rule refuses them, or the reference computes them.
#include <gtest/gtest.h>

#include <random>

#include "engine/graph/evaluate.h"
#include "engine/ops/table.h"
#include "tests/support/samples.h"

namespace vireo {
namespace {

TEST(Texts, AreRefusedByTheShapeRuleOrComputed) {
  for (const graph::Operator* op : ops::all_operators())
    for (const ops::Case& test : ops::cases_of(*op))
      for (std::size_t mask = 1; mask < (std::size_t{1} << std::min<std::size_t>(test.inputs.size(), 5)); ++mask) {
        ops::Case changed = test;
        changed.dtypes.resize(test.inputs.size(), DataType::float32);
        for (std::size_t k = 0; k < changed.dtypes.size(); ++k)
          if (mask >> k & 1) changed.dtypes[k] = DataType::string;
        std::mt19937 random(1);
        graph::Graph g;
        std::vector<graph::TensorId> inputs;
        for (std::size_t k = 0; k < changed.inputs.size(); ++k) {
          const auto given = changed.constants.find(static_cast<int>(k));
          inputs.push_back(
              g.add_constant("input" + std::to_string(k),
                             testing::make_value(changed.dtypes[k], changed.inputs[k],
                                                 given == changed.constants.end() ? nullptr : &given->second, random)));
        }
        graph::LayerId layer = 0;
        try {
          layer = g.add_layer(*op, "layer", inputs, changed.attributes, changed.outputs);
        } catch (const Error&) {
          continue;
        }
        if (op->data_dependent_axis) g.tensor(g.layer(layer).outputs[0]).dims = g.bound_dims(layer);
        try {
          (void)graph::evaluate_layer(g, layer, std::size_t{1} << 30);
        } catch (const Error& error) {
          const std::string why = error.what();
          EXPECT_EQ(why.find("element type"), std::string::npos)
              << op->name << ", case " << test.name << ", texts in " << mask << ": " << why;
        }
      }
}

}  // namespace
}  // namespace vireo
