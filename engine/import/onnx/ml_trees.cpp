// ai.onnx.ml: ensembles of trees, of all versions, as tree_ensemble.

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "engine/base/text.h"
#include "engine/import/onnx/handlers.h"
#include "engine/import/onnx/ml.h"

namespace vireo::importer {
namespace {

constexpr std::int64_t kMissing = 16, kLeaf = 7, kMember = 6;

/// The inputs of tree_ensemble.
struct Trees {
  std::vector<std::int64_t> nodes;  ///< feature, mode, next, next
  std::vector<double> thresholds, weights, sets;
  std::vector<std::int64_t> roots, targets;

  void add(std::int64_t feature, std::int64_t mode, std::int64_t holds, std::int64_t fails, double threshold) {
    nodes.insert(nodes.end(), {feature, mode, holds, fails});
    thresholds.push_back(threshold);
  }
};

TensorId reals_constant(Node& node, const std::vector<double>& values, DataType type) {
  if (type == DataType::float32) return floats_constant(node, values);
  return node.add_constant(graph::make_constant(type, {static_cast<std::int64_t>(values.size())}, values.data(),
                                                values.size() * sizeof(double)));
}

/// Sums, or what `aggregate` says, of the trees: [rows, targets], of float32 or float64 as `x` is.
TensorId emit_trees(Node& node, TensorId x, const Trees& trees, std::int64_t targets, const std::string& aggregate) {
  const DataType type = node.dtype(x);
  const auto count = static_cast<std::int64_t>(trees.thresholds.size());
  const TensorId fields = node.add_constant(
      graph::make_constant(DataType::int64, {count, 4}, trees.nodes.data(), trees.nodes.size() * sizeof(std::int64_t)));
  std::vector<TensorId> inputs{x,
                               fields,
                               reals_constant(node, trees.thresholds, type),
                               node.integers_constant(trees.roots),
                               node.integers_constant(trees.targets),
                               reals_constant(node, trees.weights, type)};
  if (!trees.sets.empty()) inputs.push_back(reals_constant(node, trees.sets, type));
  Attributes attributes;
  attributes.set("targets", targets);
  attributes.set("aggregate", aggregate);
  return node.emit("tree_ensemble", std::move(inputs), std::move(attributes));
}

TensorId tree_features(Node& node) {
  const TensorId x = as_rows(node, node.input(0));
  return node.cast(x, node.dtype(x) == DataType::float64 ? DataType::float64 : DataType::float32);
}

/// An attribute of numbers, or the same as a tensor.
std::vector<double> numbers(Node& node, const std::string& name) {
  if (const ConstantPtr tensor = node.tensor(name + "_as_tensor")) return graph::to_reals(*tensor);
  return node.reals(name);
}

std::int64_t mode_of(Node& node, const std::string& name) {
  static constexpr std::string_view kNames[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                                "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};
  const auto found = std::find(std::begin(kNames), std::end(kNames), name);
  node.require(found != std::end(kNames), "a node has the unknown mode '" + name + "'");
  return found - std::begin(kNames);
}

struct Place {
  std::int64_t tree, node;
  friend bool operator==(const Place&, const Place&) = default;
};
struct PlaceHash {
  std::size_t operator()(const Place& p) const {
    return std::hash<std::uint64_t>()(static_cast<std::uint64_t>(p.tree) * 0x9e3779b97f4a7c15u ^
                                      static_cast<std::uint64_t>(p.node));
  }
};

/// Where what is said of each leaf begins, in the order of the leaves' nodes, and how much it is.
struct Votes {
  std::vector<std::int64_t> first, count, order;
};

Votes votes_of(Node& node, const std::unordered_map<Place, std::int64_t, PlaceHash>& places, std::size_t nodes,
               const std::string& prefix, std::size_t entries) {
  const std::vector<std::int64_t> trees = node.integers(prefix + "_treeids"), ids = node.integers(prefix + "_nodeids");
  node.require(trees.size() == entries && ids.size() == entries,
               base::str("attributes '", prefix, "_…' have different lengths"));
  Votes votes{std::vector<std::int64_t>(nodes, 0), std::vector<std::int64_t>(nodes, 0), {}};
  std::vector<std::int64_t> at(entries);
  for (std::size_t i = 0; i < entries; ++i) {
    const auto found = places.find({trees[i], ids[i]});
    node.require(found != places.end(), base::str("attribute '", prefix, "_nodeids' names node ", ids[i], " of tree ",
                                                  trees[i], ", which there is not"));
    at[i] = found->second;
    ++votes.count[static_cast<std::size_t>(at[i])];
  }
  for (std::size_t i = 1; i < nodes; ++i) votes.first[i] = votes.first[i - 1] + votes.count[i - 1];
  std::vector<std::int64_t> next = votes.first;
  votes.order.resize(entries);
  for (std::size_t i = 0; i < entries; ++i)
    votes.order[static_cast<std::size_t>(next[static_cast<std::size_t>(at[i])]++)] = static_cast<std::int64_t>(i);
  return votes;
}

/// The lists of nodes that TreeEnsembleClassifier and TreeEnsembleRegressor have.
Trees read_lists(Node& node, const std::string& prefix, const std::vector<std::int64_t>& said,
                 const std::vector<double>& weights) {
  const std::vector<std::int64_t> ids = node.integers("nodes_nodeids"), trees = node.integers("nodes_treeids"),
                                  feature = node.integers("nodes_featureids"), yes = node.integers("nodes_truenodeids"),
                                  no = node.integers("nodes_falsenodeids"),
                                  missing = node.integers("nodes_missing_value_tracks_true");
  const std::vector<double> thresholds = numbers(node, "nodes_values");
  const std::vector<std::string> modes = node.texts("nodes_modes");
  const std::size_t count = ids.size();
  for (const std::size_t size : {trees.size(), feature.size(), yes.size(), no.size(), thresholds.size(), modes.size()})
    node.require(size == count, "attributes 'nodes_…' have different lengths");
  node.require(missing.empty() || missing.size() == count, "attributes 'nodes_…' have different lengths");
  node.require(said.size() == weights.size(), base::str("attributes '", prefix, "_…' have different lengths"));
  std::unordered_map<Place, std::int64_t, PlaceHash> places;
  for (std::size_t i = 0; i < count; ++i)
    node.require(places.try_emplace({trees[i], ids[i]}, static_cast<std::int64_t>(i)).second,
                 base::str("node ", ids[i], " of tree ", trees[i], " is there twice"));
  const Votes votes = votes_of(node, places, count, prefix, said.size());

  Trees result;
  std::vector<char> inner(count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t mode = mode_of(node, modes[i]);
    if (mode == kLeaf) {
      result.add(0, kLeaf, votes.first[i], votes.count[i], 0);
      continue;
    }
    if (mode == kMember) node.refuse("a node that asks for a member of a set, which this operator has no sets for");
    const auto next = [&](std::int64_t id) {
      const auto found = places.find({trees[i], id});
      node.require(found != places.end(),
                   base::str("node ", ids[i], " of tree ", trees[i], " leads to node ", id, ", which there is not"));
      inner[static_cast<std::size_t>(found->second)] = 1;
      return found->second;
    };
    const std::int64_t nan = !missing.empty() && missing[i] != 0 ? kMissing : 0;
    const std::int64_t holds = next(yes[i]), fails = next(no[i]);
    result.add(feature[i], mode | nan, holds, fails, thresholds[i]);
  }
  // A tree begins at its first node, or at the only one that leads on and comes after none.
  std::unordered_map<std::int64_t, std::int64_t> begun;
  for (std::size_t i = 0; i < count; ++i)
    if (const auto at = static_cast<std::int64_t>(i); begun.try_emplace(trees[i], at).second && !inner[i])
      result.roots.push_back(at);
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t& first = begun[trees[i]];
    const bool leads = !inner[i] && result.nodes[4 * i + 1] != kLeaf;
    if (first < 0 || !inner[static_cast<std::size_t>(first)] || !leads) continue;
    result.roots.push_back(static_cast<std::int64_t>(i));
    first = -1;
  }
  for (const auto& [tree, first] : begun)
    node.require(first < 0 || !inner[static_cast<std::size_t>(first)],
                 base::str("tree ", tree, " has no first node: each comes after another"));
  for (const std::int64_t i : votes.order) {
    result.targets.push_back(said[static_cast<std::size_t>(i)]);
    result.weights.push_back(weights[static_cast<std::size_t>(i)]);
  }
  return result;
}

TensorId with_base(Node& node, TensorId scores, const std::vector<double>& base) {
  if (base.empty()) return scores;
  return node.binary("add", scores, node.cast(floats_constant(node, base), node.dtype(scores)));
}

std::string aggregate_of(Node& node, const std::string& name) {
  if (name == "SUM") return "sum";
  if (name == "AVERAGE") return "average";
  if (name == "MIN") return "min";
  node.require(name == "MAX", "attribute 'aggregate_function' is '" + name + "'; accepted: SUM, AVERAGE, MIN, MAX");
  return "max";
}

void tree_regressor(Node& node) {
  const std::int64_t targets = node.integer("n_targets", 1);
  const Trees trees = read_lists(node, "target", node.integers("target_ids"), numbers(node, "target_weights"));
  const TensorId sums =
      emit_trees(node, tree_features(node), trees, targets, aggregate_of(node, node.text("aggregate_function", "SUM")));
  const TensorId scores = node.cast(with_base(node, sums, numbers(node, "base_values")), DataType::float32);
  node.result(0, post_transform(node, node.text("post_transform", "NONE"), scores));
}

/// Two classes of which leaves speak of one only: its score decides, against a half where all weights are positive. It
/// is that of the second class in any case; where leaves speak of the first, its own score follows from it.
void one_of_two(Node& node, Trees trees, const ClassLabels& labels, const std::string& transform) {
  const bool first = trees.targets.empty() || trees.targets[0] == 0;
  const bool positive = std::all_of(trees.weights.begin(), trees.weights.end(), [](double w) { return w >= 0; });
  std::fill(trees.targets.begin(), trees.targets.end(), 0);
  TensorId score = emit_trees(node, tree_features(node), trees, 1, "sum");
  std::vector<double> base = numbers(node, "base_values");
  if (base.size() == 2) base = {base[1]};
  score = node.cast(with_base(node, score, base), DataType::float32);
  const TensorId limit = node.scalar(positive ? 0.5 : 0, DataType::float32);
  const TensorId second = node.binary("greater", node.reshape(score, {-1}), limit);
  node.result(0, labels_at(node, labels, node.cast(second, DataType::int64)));
  if (first) return node.result(1, two_columns(node, transform, score, positive));
  const TensorId zero = node.binary("mul", score, node.scalar(0, DataType::float32));
  node.result(1, post_transform(node, transform, columns(node, {zero, score})));
}

void tree_classifier(Node& node) {
  const std::vector<std::int64_t> said = node.integers("class_ids");
  const Trees trees = read_lists(node, "class", said, numbers(node, "class_weights"));
  const std::size_t named =
      std::max(node.integers("classlabels_int64s").size(), node.texts("classlabels_strings").size());
  std::int64_t classes = static_cast<std::int64_t>(named);
  for (const std::int64_t id : said) {
    node.require(id >= 0 && id < std::int64_t{1} << 24, base::str("attribute 'class_ids' names class ", id));
    classes = std::max(classes, id + 1);
  }
  const ClassLabels labels = class_labels(node, "classlabels_int64s", "classlabels_strings", classes);
  const std::string transform = node.text("post_transform", "NONE");
  const bool one = std::adjacent_find(said.begin(), said.end(), std::not_equal_to<>()) == said.end();
  if (classes == 2 && one) return one_of_two(node, trees, labels, transform);
  const TensorId sums = emit_trees(node, tree_features(node), trees, classes, "sum");
  const TensorId scores = node.cast(with_base(node, sums, numbers(node, "base_values")), DataType::float32);
  node.result(0, labels_at(node, labels, largest_of_rows(node, scores)));
  node.result(1, post_transform(node, transform, scores));
}

/// TreeEnsemble of version 5: inner nodes and leaves in lists of their own.
void tree_ensemble(Node& node) {
  const std::vector<std::int64_t> feature = node.integers("nodes_featureids"), yes = node.integers("nodes_truenodeids"),
                                  no = node.integers("nodes_falsenodeids"), yes_leaf = node.integers("nodes_trueleafs"),
                                  no_leaf = node.integers("nodes_falseleafs"),
                                  missing = node.integers("nodes_missing_value_tracks_true");
  const ConstantPtr modes = node.tensor("nodes_modes"), splits = node.tensor("nodes_splits"),
                    weights = node.tensor("leaf_weights"), members = node.tensor("membership_values");
  node.require(modes && splits && weights, "attributes 'nodes_modes', 'nodes_splits' and 'leaf_weights' are needed");
  const std::vector<std::int64_t> mode = graph::to_integers(*modes);
  const std::vector<double> thresholds = graph::to_reals(*splits);
  const std::size_t count = mode.size();
  for (const std::size_t size : {feature.size(), yes.size(), no.size(), yes_leaf.size(), no_leaf.size(),
                                 thresholds.size(), missing.empty() ? count : missing.size()})
    node.require(size == count, "attributes 'nodes_…' have different lengths");
  Trees trees;
  trees.roots = node.integers("tree_roots");
  trees.targets = node.integers("leaf_targetids");
  trees.weights = graph::to_reals(*weights);
  node.require(trees.targets.size() == trees.weights.size(), "attributes 'leaf_…' have different lengths");
  if (members) trees.sets = graph::to_reals(*members);
  std::size_t set = 0;  // where the next one begins
  for (std::size_t i = 0; i < count; ++i) {
    node.require(mode[i] >= 0 && mode[i] < kLeaf, base::str("a node has the unknown mode ", mode[i]));
    const auto next = [&](std::int64_t id, std::int64_t leaf) {
      return id + (leaf != 0 ? static_cast<std::int64_t>(count) : 0);
    };
    double threshold = thresholds[i];
    if (mode[i] == kMember) {
      threshold = static_cast<double>(set);
      while (set < trees.sets.size() && !std::isnan(trees.sets[set])) ++set;
      set = std::min(set + 1, trees.sets.size());
    }
    const std::int64_t nan = !missing.empty() && missing[i] != 0 ? kMissing : 0;
    trees.add(feature[i], mode[i] | nan, next(yes[i], yes_leaf[i]), next(no[i], no_leaf[i]), threshold);
  }
  for (std::size_t leaf = 0; leaf < trees.weights.size(); ++leaf)
    trees.add(0, kLeaf, static_cast<std::int64_t>(leaf), 1, 0);
  static constexpr const char* kAggregates[] = {"average", "sum", "min", "max"};
  static constexpr const char* kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  const std::int64_t aggregate = node.integer("aggregate_function", 1), transform = node.integer("post_transform", 0);
  node.require(aggregate >= 0 && aggregate < 4, base::str("attribute 'aggregate_function' is ", aggregate));
  node.require(transform >= 0 && transform < 5, base::str("attribute 'post_transform' is ", transform));
  const TensorId sums =
      emit_trees(node, tree_features(node), trees, node.integer("n_targets", 1), kAggregates[aggregate]);
  TensorId scores = sums;
  if (transform != 0) {
    scores = node.cast(scores, DataType::float32);
    scores = post_transform(node, kTransforms[transform], scores);
  }
  node.result(0, node.cast(scores, node.dtype(node.input(0))));
}

constexpr Row kRows[] = {{"TreeEnsemble", tree_ensemble, kMlDomain},
                         {"TreeEnsembleRegressor", tree_regressor, kMlDomain},
                         {"TreeEnsembleClassifier", tree_classifier, kMlDomain}};

}  // namespace

std::span<const Row> ml_tree_rows() { return kRows; }

}  // namespace vireo::importer
