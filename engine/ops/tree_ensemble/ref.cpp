#include <algorithm>
#include <limits>

#include "engine/ops/tree_ensemble/forest.h"

namespace vireo::ops {

void tree_ensemble_reference(const EvalContext& c) {
  if (c.outputs[0].count() == 0) return;
  const Forest forest = read_forest(c.attributes, c.inputs);
  const std::int64_t rows = c.inputs[0].dims[0];
  dispatch_real(c.inputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = c.inputs[0].as<T>();
    T* y = c.outputs[0].as<T>();
    std::vector<double> sums(static_cast<std::size_t>(forest.target_count));
    for (std::int64_t r = 0; r < rows; ++r, x += forest.features) {
      std::fill(sums.begin(), sums.end(), std::numeric_limits<double>::quiet_NaN());
      for (const std::int64_t root : forest.roots) {
        const TreeNode* node = &forest.nodes[static_cast<std::size_t>(root)];
        while (node->mode != TreeMode::leaf) {
          const bool holds = forest.holds(*node, static_cast<double>(x[node->feature]));
          node = &forest.nodes[static_cast<std::size_t>(holds ? node->holds : node->fails)];
        }
        for (std::int64_t i = node->holds; i < node->holds + node->fails; ++i) {
          double& sum = sums[static_cast<std::size_t>(forest.targets[static_cast<std::size_t>(i)])];
          sum = forest.combine(sum, forest.weights[static_cast<std::size_t>(i)]);
        }
      }
      for (const double sum : sums) *y++ = static_cast<T>(forest.finish(sum));
    }
  });
}

}  // namespace vireo::ops
