#include "engine/tune/min_cut.h"

#include <algorithm>
#include <cstddef>

namespace vireo::tune {
namespace {

constexpr int kSource = 0, kSink = 1;  // what is on the source's side of the cut has label 0
constexpr double kRest = 1e-15;        // less than this is rounding: a femtosecond

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

int MinCut::add_node() {
  leaving_.emplace_back();
  return static_cast<int>(leaving_.size()) - 3;
}

void MinCut::add_edge(int from, int to, double capacity) {
  leaving_[at(from)].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({to, capacity});
  leaving_[at(to)].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({from, 0});
}

void MinCut::add_cost(int node, double zero, double one) {
  // Only the difference matters.
  if (zero > one) add_edge(node + 2, kSink, zero - one);
  if (one > zero) add_edge(kSource, node + 2, one - zero);
}

void MinCut::add_pair(int zero, int one, double cost) {
  if (cost > 0) add_edge(zero + 2, one + 2, cost);
}

bool MinCut::find_levels() {
  level_.assign(leaving_.size(), -1);
  level_[kSource] = 0;
  std::vector<int> open{kSource};
  for (std::size_t i = 0; i < open.size(); ++i)
    for (const int e : leaving_[at(open[i])])
      if (edges_[at(e)].capacity > kRest && level_[at(edges_[at(e)].to)] < 0) {
        level_[at(edges_[at(e)].to)] = level_[at(open[i])] + 1;
        open.push_back(edges_[at(e)].to);
      }
  return level_[kSink] >= 0;
}

double MinCut::push(int node, double flow) {
  if (node == kSink) return flow;
  for (std::size_t& i = next_[at(node)]; i < leaving_[at(node)].size(); ++i) {
    const int e = leaving_[at(node)][i];
    const Edge edge = edges_[at(e)];
    if (edge.capacity <= kRest || level_[at(edge.to)] != level_[at(node)] + 1) continue;
    const double pushed = push(edge.to, std::min(flow, edge.capacity));
    if (pushed <= 0) continue;
    edges_[at(e)].capacity -= pushed;
    edges_[at(e ^ 1)].capacity += pushed;
    return pushed;
  }
  return 0;
}

std::vector<char> MinCut::solve() {
  while (find_levels()) {
    next_.assign(leaving_.size(), 0);
    while (push(kSource, kNever * 1e3) > 0) {
    }
  }
  std::vector<char> labels(leaving_.size() - 2);
  for (std::size_t node = 0; node < labels.size(); ++node) labels[node] = level_[node + 2] < 0 ? 1 : 0;
  return labels;
}

}  // namespace vireo::tune
