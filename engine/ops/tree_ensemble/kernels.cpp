// Eight rows walk a tree side by side, so that their misses of the cache and their comparisons overlap; leaves lead to
// themselves, and the walk ends when no row moves any more. Nodes of 16 bytes lie tree by tree, level by level. All
// comparisons become "at most this threshold" (< by the number before it, > and >= by exchanging the next nodes), but
// for == and sets, which walk alone. Tiles are blocks of rows, and groups of trees where the rows are few; the groups'
// sums are added up in a second phase. Bound: the latency of the nodes' loads, a level of a tree at a time.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/shared/shape.h"
#include "engine/ops/tree_ensemble/forest.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kRows = 64, kLanes = 8;
constexpr std::size_t kMostNodes = std::size_t{1} << 30;

template <typename T>
struct Node {
  T threshold;
  std::int32_t feature;  ///< ~feature where NaN goes to `holds`
  std::int32_t holds, fails;
};

template <typename T>
struct State {
  Forest forest;
  std::vector<Node<T>> nodes;
  std::vector<std::int32_t> roots;
  std::vector<std::int64_t> origins;  ///< of each node here, which one of the forest it is
  bool missing = false, plain = true;
  std::int64_t rows = 0, in_pitch = 0, out_pitch = 0, groups = 1, trees_per_group = 1;
};

/// Of trees whose comparisons are all of the one kind.
template <typename T>
void flatten(State<T>& s) {
  const Forest& forest = s.forest;
  for (const TreeNode& node : forest.nodes)
    s.plain =
        s.plain && node.mode != TreeMode::equal && node.mode != TreeMode::not_equal && node.mode != TreeMode::member;
  if (!s.plain) return;
  std::vector<std::int32_t> place(forest.nodes.size(), -1);
  const auto put = [&](std::int64_t index) {
    std::int32_t& at = place[static_cast<std::size_t>(index)];
    if (at < 0) {
      at = static_cast<std::int32_t>(s.origins.size());
      s.origins.push_back(index);
    }
    return at;
  };
  constexpr T kNever = std::numeric_limits<T>::quiet_NaN();
  for (const std::int64_t root : forest.roots) {
    s.roots.push_back(put(root));
    for (std::size_t next = s.nodes.size(); next < s.origins.size(); ++next) {
      const TreeNode& node = forest.nodes[static_cast<std::size_t>(s.origins[next])];
      if (node.mode == TreeMode::leaf) {
        const auto self = static_cast<std::int32_t>(next);
        s.nodes.push_back({kNever, 0, self, self});
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
      const auto feature = static_cast<std::int32_t>(node.feature);
      s.nodes.push_back({threshold, missing ? ~feature : feature, holds, fails});
      s.missing = s.missing || missing;
    }
  }
}

/// Where `kLanes` rows end.
template <typename T, bool kMissing>
void walk_trees(const Node<T>* nodes, std::int32_t root, const T* const (&x)[kLanes], std::int32_t (&at)[kLanes]) {
  for (std::int32_t& a : at) a = root;
  for (std::int32_t moved = 1; moved != 0;) {
    moved = 0;
    for (std::int64_t k = 0; k < kLanes; ++k) {
      const Node<T>& node = nodes[at[k]];
      std::int32_t feature = node.feature;
      if constexpr (kMissing) feature ^= feature >> 31;
      const T value = x[k][feature];
      bool holds = value <= node.threshold;
      if constexpr (kMissing) holds = holds | ((node.feature < 0) & (value != value));
      const std::int32_t next = holds ? node.holds : node.fails;
      moved |= next ^ at[k];
      at[k] = next;
    }
  }
}

void say(const Forest& forest, const TreeNode& leaf, double* sums) {
  for (std::int64_t i = leaf.holds; i < leaf.holds + leaf.fails; ++i) {
    double& sum = sums[forest.targets[static_cast<std::size_t>(i)]];
    sum = forest.combine(sum, forest.weights[static_cast<std::size_t>(i)]);
  }
}

/// Rows [begin, end) through trees [first, last).
template <typename T>
void add_trees(const State<T>& s, const T* input, std::int64_t begin, std::int64_t end, std::size_t first,
               std::size_t last, double* sums) {
  const Forest& forest = s.forest;
  for (std::size_t tree = first; tree < last; ++tree)
    for (std::int64_t r = begin; r < end; r += s.plain ? kLanes : 1) {
      double* const to = sums + (r - begin) * forest.target_count;
      if (!s.plain) {
        const T* x = input + r * s.in_pitch;
        const TreeNode* node = &forest.nodes[static_cast<std::size_t>(forest.roots[tree])];
        while (node->mode != TreeMode::leaf)
          node = &forest.nodes[static_cast<std::size_t>(
              forest.holds(*node, static_cast<double>(x[node->feature])) ? node->holds : node->fails)];
        say(forest, *node, to);
        continue;
      }
      const T* x[kLanes];
      std::int32_t at[kLanes];
      for (std::int64_t k = 0; k < kLanes; ++k) x[k] = input + std::min(r + k, end - 1) * s.in_pitch;
      if (s.missing) walk_trees<T, true>(s.nodes.data(), s.roots[tree], x, at);
      else walk_trees<T, false>(s.nodes.data(), s.roots[tree], x, at);
      for (std::int64_t k = 0; k < std::min(kLanes, end - r); ++k) {
        const std::int64_t leaf = s.origins[static_cast<std::size_t>(at[k])];
        say(forest, forest.nodes[static_cast<std::size_t>(leaf)], to + k * forest.target_count);
      }
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
  const std::int64_t begin = block * kRows, end = std::min(s.rows, begin + kRows);
  const std::int64_t targets = s.forest.target_count;
  auto* sums = s.groups == 1 ? reinterpret_cast<double*>(args.scratch)
                             : reinterpret_cast<double*>(args.workspace) + (group * s.rows + begin) * targets;
  std::fill(sums, sums + (end - begin) * targets, std::numeric_limits<double>::quiet_NaN());
  const auto trees = static_cast<std::int64_t>(s.forest.roots.size());
  const std::int64_t first = std::min(trees, group * s.trees_per_group),
                     last = std::min(trees, first + s.trees_per_group);
  add_trees(s, static_cast<const T*>(args.inputs[0]), begin, end, static_cast<std::size_t>(first),
            static_cast<std::size_t>(last), sums);
  if (s.groups == 1) finish(s, sums, static_cast<T*>(args.outputs[0]), begin, end);
}

template <typename T>
void join_groups(const TileArgs& args) noexcept {
  const auto& s = *static_cast<const State<T>*>(args.state);
  const std::int64_t begin = args.tile * kRows, end = std::min(s.rows, begin + kRows);
  const std::int64_t targets = s.forest.target_count;
  auto* sums = reinterpret_cast<double*>(args.workspace) + begin * targets;
  for (std::int64_t group = 1; group < s.groups; ++group) {
    const double* more = sums + group * s.rows * targets;
    for (std::int64_t i = 0; i < (end - begin) * targets; ++i)
      if (!std::isnan(more[i])) sums[i] = s.forest.combine(sums[i], more[i]);
  }
  finish(s, sums, static_cast<T*>(args.outputs[0]), begin, end);
}

std::string refuse(const Problem& p) {
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !p.inputs[k].constant) return "takes trees that are known beforehand";
  if (p.outputs[0].count() == 0) return "nothing to do";
  if (p.inputs[1].count() > static_cast<std::int64_t>(kMostNodes)) return "too many nodes";
  if (p.outputs[0].dims[1] > 1 << 20) return "too many targets";
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
  flatten(s);
  s.rows = p.outputs[0].dims[0];
  s.in_pitch = p.inputs[0].pitch;
  s.out_pitch = p.outputs[0].pitch;
  const std::int64_t blocks = (s.rows + kRows - 1) / kRows, trees = static_cast<std::int64_t>(s.forest.roots.size());
  const std::int64_t wanted = std::max<std::int64_t>(1, 2 * p.workers / blocks);
  s.groups = p.workers == 1 ? 1 : std::clamp<std::int64_t>(trees * std::min(s.rows, kRows) / 1024, 1, wanted);
  s.trees_per_group = std::max<std::int64_t>(1, (trees + s.groups - 1) / s.groups);
  graph::CpuLaunch launch;
  launch.phases = {{run_rows<T>, blocks * s.groups}};
  const auto targets = static_cast<std::size_t>(s.forest.target_count);
  if (s.groups > 1) {
    launch.phases.push_back({join_groups<T>, blocks});
    launch.workspace_bytes = static_cast<std::size_t>(s.groups * s.rows) * targets * sizeof(double);
  } else {
    launch.scratch_bytes = static_cast<std::size_t>(kRows) * targets * sizeof(double);
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
