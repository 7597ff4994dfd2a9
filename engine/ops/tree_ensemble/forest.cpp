#include "engine/ops/tree_ensemble/forest.h"

#include <algorithm>
#include <cmath>

#include "engine/base/text.h"

namespace vireo::ops {
namespace {

using base::fail;

constexpr std::int64_t kMissing = 16;

void check_node(const Forest& forest, std::size_t index) {
  const TreeNode& n = forest.nodes[index];
  const auto count = static_cast<std::int64_t>(forest.nodes.size());
  const auto wrong = [&](const char* what, std::int64_t value, std::int64_t limit) {
    fail(ErrorCode::invalid_model, "node ", index, " of a tree ensemble has the ", what, " ", value, " of ", limit);
  };
  if (n.mode == TreeMode::leaf) {
    const auto entries = static_cast<std::int64_t>(forest.weights.size());
    if (n.holds < 0 || n.holds > entries) wrong("first entry", n.holds, entries);
    if (n.fails < 0 || n.fails > entries - n.holds) wrong("number of entries", n.fails, entries - n.holds);
    return;
  }
  if (n.feature < 0 || n.feature >= forest.features) wrong("feature", n.feature, forest.features);
  for (const std::int64_t next : {n.holds, n.fails})
    if (next < 0 || next >= count) wrong("next node", next, count);
  if (n.mode != TreeMode::member) return;
  const auto size = static_cast<std::int64_t>(forest.sets.size());
  if (!(n.threshold >= 0) || n.threshold > static_cast<double>(size) || n.threshold != std::floor(n.threshold))
    fail(ErrorCode::invalid_model, "node ", index, " of a tree ensemble has a set that is not there");
}

/// A row that came to a node twice would never leave it.
void check_ends(const Forest& forest) {
  enum : char { fresh, open, done };
  std::vector<char> state(forest.nodes.size(), fresh);
  std::vector<std::int64_t> path;
  for (const std::int64_t root : forest.roots) {
    path.push_back(root);
    while (!path.empty()) {
      const auto at = static_cast<std::size_t>(path.back());
      const TreeNode& node = forest.nodes[at];
      if (state[at] != fresh || node.mode == TreeMode::leaf) {
        state[at] = done;
        path.pop_back();
        continue;
      }
      state[at] = open;
      for (const std::int64_t next : {node.holds, node.fails}) {
        const char seen = state[static_cast<std::size_t>(next)];
        if (seen == open) fail(ErrorCode::invalid_model, "node ", next, " of a tree ensemble comes after itself");
        if (seen == fresh) path.push_back(next);
      }
    }
  }
}

}  // namespace

bool Forest::holds(const TreeNode& node, double value) const {
  if (node.missing && std::isnan(value)) return true;
  switch (node.mode) {
    case TreeMode::less_equal: return value <= node.threshold;
    case TreeMode::less: return value < node.threshold;
    case TreeMode::greater_equal: return value >= node.threshold;
    case TreeMode::greater: return value > node.threshold;
    case TreeMode::equal: return value == node.threshold;
    case TreeMode::not_equal: return value != node.threshold;
    default: break;
  }
  for (auto at = static_cast<std::size_t>(node.threshold); at < sets.size() && !std::isnan(sets[at]); ++at)
    if (sets[at] == value) return true;
  return false;
}

double Forest::combine(double so_far, double weight) const {
  if (std::isnan(so_far)) return weight;
  switch (aggregate) {
    case TreeAggregate::min: return std::min(so_far, weight);
    case TreeAggregate::max: return std::max(so_far, weight);
    default: return so_far + weight;
  }
}

double Forest::finish(double value) const {
  if (std::isnan(value)) return 0;
  return aggregate == TreeAggregate::average ? value / static_cast<double>(roots.size()) : value;
}

Forest read_forest(const Attributes& attributes, std::span<const View> inputs) {
  Forest forest;
  forest.features = inputs[0].dims[1];
  forest.target_count = attributes.integer("targets", 1);
  const std::string aggregate = attributes.text("aggregate", "sum");
  forest.aggregate = aggregate == "average" ? TreeAggregate::average
                     : aggregate == "min"   ? TreeAggregate::min
                     : aggregate == "max"   ? TreeAggregate::max
                                            : TreeAggregate::sum;
  forest.roots = read_integers(inputs[3]);
  forest.targets = read_integers(inputs[4]);
  forest.weights = to_doubles(inputs[5]);
  if (inputs.size() > 6) forest.sets = to_doubles(inputs[6]);
  const std::vector<double> thresholds = to_doubles(inputs[2]);
  const auto* fields = inputs[1].as<std::int64_t>();
  forest.nodes.resize(thresholds.size());
  for (std::size_t i = 0; i < forest.nodes.size(); ++i, fields += 4) {
    TreeNode& node = forest.nodes[i];
    const std::int64_t mode = fields[1] & ~kMissing;
    if (mode < 0 || mode > static_cast<std::int64_t>(TreeMode::leaf))
      fail(ErrorCode::invalid_model, "node ", i, " of a tree ensemble has the mode ", fields[1]);
    node = {static_cast<TreeMode>(mode), (fields[1] & kMissing) != 0, fields[0], thresholds[i], fields[2], fields[3]};
    check_node(forest, i);
  }
  for (const std::int64_t root : forest.roots)
    if (root < 0 || root >= static_cast<std::int64_t>(forest.nodes.size()))
      fail(ErrorCode::invalid_model, "a tree of an ensemble begins at node ", root, " of ", forest.nodes.size());
  for (const std::int64_t target : forest.targets)
    if (target < 0 || target >= forest.target_count)
      fail(ErrorCode::invalid_model, "a leaf of a tree ensemble speaks of target ", target, " of ",
           forest.target_count);
  check_ends(forest);
  return forest;
}

}  // namespace vireo::ops
