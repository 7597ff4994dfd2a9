// Eight walks down trees side by side, so that their misses of the cache and their comparisons overlap; leaves lead to
// themselves, and the walks end when none moves any more. They are eight rows in one tree, or, where fewer rows are
// left, one row in eight trees. Nodes of 16 bytes lie tree by tree, level by level, and the only weight of a leaf in
// its node; rows lie feature by feature, eight beside each other. All comparisons become "at most this threshold" (< by
// the number before it, > and >= by exchanging the next nodes), but for == and sets, which walk alone. Tiles are blocks
// of rows, and groups of trees where the rows are few; the groups' sums are added up in a second phase. Bound: the
// latency of the nodes' loads, a level of a tree at a time.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/shared/shape.h"
#include "engine/ops/tree_ensemble/forest.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kLanes = 8, kMostRows = 64, kMostFeatures = 1 << 20;
constexpr std::size_t kMostNodes = std::size_t{1} << 30;

template <typename T>
struct Node {
  T threshold;           ///< of a leaf its weight, where it has one
  std::int32_t feature;  ///< times kLanes; ~ of that where NaN counts as true
  std::int32_t next[2];  ///< by whether the comparison holds: an index, for a branch would often be guessed wrong
};

template <typename T>
struct State {
  Forest forest;
  std::vector<Node<T>> nodes;
  std::vector<std::int32_t> roots;
  struct Leaf {
    std::int32_t first, count;
  };
  std::vector<Leaf> leaves;  ///< of each node, where it has entries
  std::vector<T> weights;    ///< the forest's entries
  std::vector<std::int32_t> targets;
  bool missing = false, plain = true;
  bool single = true;  ///< each leaf has one weight, for the one target
  bool adds = true;    ///< sums, from 0 on; else the least or largest, NaN before the first
  std::int64_t rows = 0, rows_per_block = 0, in_pitch = 0, out_pitch = 0, groups = 1, trees_per_group = 1;
};

/// Of trees whose comparisons are all of the one kind.
template <typename T>
void flatten(State<T>& s) {
  const Forest& forest = s.forest;
  for (const TreeNode& node : forest.nodes)
    s.plain =
        s.plain && node.mode != TreeMode::equal && node.mode != TreeMode::not_equal && node.mode != TreeMode::member;
  for (const TreeNode& node : forest.nodes) s.single = s.single && (node.mode != TreeMode::leaf || node.fails == 1);
  s.single = s.single && forest.target_count == 1;
  s.weights.assign(forest.weights.begin(), forest.weights.end());
  s.targets.assign(forest.targets.begin(), forest.targets.end());
  if (!s.plain) return;
  std::vector<std::int64_t> origins;
  std::vector<std::int32_t> place(forest.nodes.size(), -1);
  const auto put = [&](std::int64_t index) {
    std::int32_t& at = place[static_cast<std::size_t>(index)];
    if (at < 0) {
      at = static_cast<std::int32_t>(origins.size());
      origins.push_back(index);
    }
    return at;
  };
  constexpr T kNever = std::numeric_limits<T>::quiet_NaN();
  for (const std::int64_t root : forest.roots) {
    s.roots.push_back(put(root));
    for (std::size_t next = s.nodes.size(); next < origins.size(); ++next) {
      const TreeNode& node = forest.nodes[static_cast<std::size_t>(origins[next])];
      const bool leaf = node.mode == TreeMode::leaf;
      s.leaves.push_back(
          {leaf ? static_cast<std::int32_t>(node.holds) : 0, leaf ? static_cast<std::int32_t>(node.fails) : 0});
      if (leaf) {
        const auto self = static_cast<std::int32_t>(next);
        s.nodes.push_back({s.single ? s.weights[static_cast<std::size_t>(node.holds)] : kNever, 0, {self, self}});
        continue;
      }
      const bool exchange = node.mode == TreeMode::greater || node.mode == TreeMode::greater_equal;
      const bool below = node.mode == TreeMode::less || node.mode == TreeMode::greater_equal;
      const bool missing = node.missing != exchange;
      auto threshold = static_cast<T>(node.threshold);
      if (below)
        threshold = threshold == -std::numeric_limits<T>::infinity()
                        ? kNever
                        : std::nextafter(threshold, -std::numeric_limits<T>::infinity());
      const std::int32_t holds = put(exchange ? node.fails : node.holds),
                         fails = put(exchange ? node.holds : node.fails);
      const auto feature = static_cast<std::int32_t>(node.feature * kLanes);
      s.nodes.push_back({threshold, missing ? ~feature : feature, {fails, holds}});
      s.missing = s.missing || missing;
    }
  }
}

/// From the nodes `at` to the leaves; `x` is a feature of the first row, `kStep` that of the next.
template <typename T, bool kMissing, std::int64_t kStep>
void walk_trees(const Node<T>* nodes, const T* x, std::int32_t (&at)[kLanes]) {
  for (std::int32_t moved = 1; moved != 0;) {
    moved = 0;
#pragma GCC unroll 8
    for (std::int64_t k = 0; k < kLanes; ++k) {
      const Node<T>& node = nodes[at[k]];
      std::int32_t feature = node.feature;
      if constexpr (kMissing) feature ^= feature >> 31;
      const T value = x[feature + k * kStep];
      bool holds = value <= node.threshold;
      if constexpr (kMissing) holds = holds | ((node.feature < 0) & (value != value));
      const std::int32_t next = node.next[holds ? 1 : 0];
      moved |= next ^ at[k];
      at[k] = next;
    }
  }
}

template <typename T, std::int64_t kStep>
void walk_trees(const State<T>& s, const T* x, std::int32_t (&at)[kLanes]) {
  if (s.missing) walk_trees<T, true, kStep>(s.nodes.data(), x, at);
  else walk_trees<T, false, kStep>(s.nodes.data(), x, at);
}

/// What entries [first, first + count) say.
template <typename T>
void say(const State<T>& s, std::int64_t first, std::int64_t count, double* sums) {
  for (auto i = static_cast<std::size_t>(first), end = i + static_cast<std::size_t>(count); i < end; ++i) {
    double& sum = sums[s.targets[i]];
    sum = s.adds ? sum + static_cast<double>(s.weights[i]) : s.forest.combine(sum, static_cast<double>(s.weights[i]));
  }
}
template <typename T>
void say(const State<T>& s, std::int32_t at, double* sums) {
  const auto node = static_cast<std::size_t>(at);
  if (!s.single) return say(s, s.leaves[node].first, s.leaves[node].count, sums);
  const auto weight = static_cast<double>(s.nodes[node].threshold);
  *sums = s.adds ? *sums + weight : s.forest.combine(*sums, weight);
}

/// Rows [begin, end) through trees [first, last), one after the other.
template <typename T>
void add_one_by_one(const State<T>& s, const T* input, std::int64_t begin, std::int64_t end, std::int64_t first,
                    std::int64_t last, double* sums) {
  const Forest& forest = s.forest;
  for (std::int64_t r = begin; r < end; ++r, sums += forest.target_count)
    for (std::int64_t tree = first; tree < last; ++tree) {
      const T* x = input + r * s.in_pitch;
      const TreeNode* node = &forest.nodes[static_cast<std::size_t>(forest.roots[static_cast<std::size_t>(tree)])];
      while (node->mode != TreeMode::leaf)
        node = &forest.nodes[static_cast<std::size_t>(
            forest.holds(*node, static_cast<double>(x[node->feature])) ? node->holds : node->fails)];
      say(s, node->holds, node->fails, sums);
    }
}

/// The same for `count` rows of `x`, which lie eight beside each other.
template <typename T>
void add_trees(const State<T>& s, const T* x, std::int64_t count, std::int64_t first, std::int64_t last, double* sums) {
  const std::int64_t targets = s.forest.target_count, eight = s.forest.features * kLanes;
  const std::int64_t whole = count % kLanes > kLanes / 2 ? count : count / kLanes * kLanes;
  std::int32_t at[kLanes];
  for (std::int64_t tree = first; whole > 0 && tree < last; ++tree)
    for (std::int64_t r = 0; r < whole; r += kLanes) {
      std::fill(at, at + kLanes, s.roots[static_cast<std::size_t>(tree)]);
      walk_trees<T, 1>(s, x + r / kLanes * eight, at);
      for (std::int64_t k = 0; k < std::min(kLanes, count - r); ++k) say(s, at[k], sums + (r + k) * targets);
    }
  for (std::int64_t r = whole; r < count; ++r)
    for (std::int64_t tree = first; tree < last; tree += kLanes) {
      for (std::int64_t k = 0; k < kLanes; ++k) at[k] = s.roots[static_cast<std::size_t>(std::min(tree + k, last - 1))];
      walk_trees<T, 0>(s, x + r / kLanes * eight + r % kLanes, at);
      for (std::int64_t k = 0; k < std::min(kLanes, last - tree); ++k) say(s, at[k], sums + r * targets);
    }
}

/// Rows eight beside each other, feature by feature; the last ones again where they are fewer.
template <typename T>
void interleave(const State<T>& s, const T* input, std::int64_t begin, std::int64_t end, T* to) {
  for (std::int64_t r = begin; r < end; r += kLanes, to += s.forest.features * kLanes)
    for (std::int64_t k = 0; k < kLanes; ++k) {
      const T* from = input + std::min(r + k, end - 1) * s.in_pitch;
      for (std::int64_t f = 0; f < s.forest.features; ++f) to[f * kLanes + k] = from[f];
    }
}

template <typename T>
void finish(const State<T>& s, const double* sums, T* output, std::int64_t begin, std::int64_t end) {
  for (std::int64_t r = begin; r < end; ++r)
    for (std::int64_t t = 0; t < s.forest.target_count; ++t)
      output[r * s.out_pitch + t] = static_cast<T>(s.forest.finish(*sums++));
}

template <typename T>
void run_rows(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State<T>*>(args.state);
  const std::int64_t block = args.tile / s.groups, group = args.tile % s.groups;
  const std::int64_t begin = block * s.rows_per_block, end = std::min(s.rows, begin + s.rows_per_block);
  const std::int64_t targets = s.forest.target_count;
  auto* sums = s.groups == 1 ? reinterpret_cast<double*>(args.scratch)
                             : reinterpret_cast<double*>(args.workspace) + (group * s.rows + begin) * targets;
  std::fill(sums, sums + (end - begin) * targets, s.adds ? 0 : std::numeric_limits<double>::quiet_NaN());
  const auto trees = static_cast<std::int64_t>(s.forest.roots.size());
  const std::int64_t first = std::min(trees, group * s.trees_per_group),
                     last = std::min(trees, first + s.trees_per_group);
  const T* input = static_cast<const T*>(args.inputs[0]);
  if (s.plain) {
    T* x = reinterpret_cast<T*>(args.scratch + (s.groups == 1 ? s.rows_per_block * targets : 0) *
                                                   static_cast<std::int64_t>(sizeof(double)));
    interleave(s, input, begin, end, x);
    add_trees(s, x, end - begin, first, last, sums);
  } else {
    add_one_by_one(s, input, begin, end, first, last, sums);
  }
  if (s.groups == 1) finish(s, sums, static_cast<T*>(args.outputs[0]), begin, end);
}

template <typename T>
void join_groups(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State<T>*>(args.state);
  const std::int64_t begin = args.tile * s.rows_per_block, end = std::min(s.rows, begin + s.rows_per_block);
  const std::int64_t targets = s.forest.target_count;
  auto* sums = reinterpret_cast<double*>(args.workspace) + begin * targets;
  for (std::int64_t group = 1; group < s.groups; ++group) {
    const double* more = sums + group * s.rows * targets;
    for (std::int64_t i = 0; i < (end - begin) * targets; ++i)
      if (s.adds) sums[i] += more[i];
      else if (!std::isnan(more[i])) sums[i] = s.forest.combine(sums[i], more[i]);
  }
  finish(s, sums, static_cast<T*>(args.outputs[0]), begin, end);
}

std::string refuse(const Problem& p) {
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !p.inputs[k].constant) return "takes trees that are known beforehand";
  if (p.outputs[0].count() == 0) return "nothing to do";
  if (p.inputs[1].count() > static_cast<std::int64_t>(kMostNodes)) return "too many nodes";
  if (p.inputs[4].count() > static_cast<std::int64_t>(kMostNodes)) return "too many entries of leaves";
  if (p.outputs[0].dims[1] > 1 << 20) return "too many targets";
  if (p.inputs[0].dims[1] > kMostFeatures) return "too many features";
  return {};
}

template <typename T>
Launch prepare_as(const Problem& p) {
  auto state = std::make_shared<State<T>>();
  State<T>& s = *state;
  std::vector<View> inputs;
  for (const graph::Desc& desc : p.inputs)
    inputs.push_back({desc.dtype, desc.dims, desc.constant ? const_cast<std::byte*>(desc.constant->read()) : nullptr});
  s.forest = read_forest(*p.attributes, inputs);
  s.adds = s.forest.aggregate == TreeAggregate::sum || s.forest.aggregate == TreeAggregate::average;
  flatten(s);
  s.rows = p.outputs[0].dims[0];
  s.in_pitch = p.inputs[0].pitch;
  s.out_pitch = p.outputs[0].pitch;
  const std::int64_t most = s.forest.features > 4096 ? kLanes : kMostRows;
  const std::int64_t shared = p.workers == 1 ? s.rows : s.rows / (2 * p.workers);
  s.rows_per_block = std::clamp((shared + kLanes - 1) / kLanes * kLanes, kLanes, most);
  const std::int64_t blocks = (s.rows + s.rows_per_block - 1) / s.rows_per_block;
  const auto trees = static_cast<std::int64_t>(s.forest.roots.size());
  const std::int64_t wanted = std::max<std::int64_t>(1, 2 * p.workers / blocks);
  s.groups = p.workers == 1 ? 1 : std::clamp<std::int64_t>(trees * std::min(s.rows, s.rows_per_block) / 512, 1, wanted);
  s.trees_per_group = std::max<std::int64_t>(1, (trees + s.groups - 1) / s.groups);
  graph::CpuLaunch launch;
  launch.phases = {{run_rows<T>, blocks * s.groups}};
  const auto targets = static_cast<std::size_t>(s.forest.target_count);
  const auto block = static_cast<std::size_t>(s.rows_per_block);
  if (s.plain)
    launch.scratch_bytes = block * static_cast<std::size_t>(std::max<std::int64_t>(s.forest.features, 1)) * sizeof(T);
  if (s.groups > 1) {
    launch.phases.push_back({join_groups<T>, blocks});
    launch.workspace_bytes = static_cast<std::size_t>(s.groups * s.rows) * targets * sizeof(double);
  } else {
    launch.scratch_bytes += block * targets * sizeof(double);
  }
  launch.state = std::move(state);
  return launch;
}

Launch prepare(const Problem& p) {
  return p.inputs[0].dtype == DataType::float32 ? prepare_as<float>(p) : prepare_as<double>(p);
}

constexpr Tactic kTactics[] = {{.name = "tree_ensemble_rows_portable", .refuse = refuse, .prepare = prepare}};

}  // namespace

std::span<const Tactic> tree_ensemble_tactics() { return kTactics; }

}  // namespace vireo::ops
