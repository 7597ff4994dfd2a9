#pragma once
// Two labels for every node at the least cost, exactly: costs of single nodes and of ordered pairs that disagree make a
// flow network, whose minimum cut is the answer (Dinic's algorithm; hundreds of nodes take well under a millisecond).
// A plain value; one thread.

#include <vector>

namespace vireo::tune {

class MinCut {
 public:
  static constexpr double kNever = 1e30;  ///< a cost that no answer may have

  int add_node();
  /// What the node costs with label 0 and with label 1; adds up. Not negative.
  void add_cost(int node, double zero, double one);
  /// What it costs that `zero` has label 0 while `one` has label 1. Not negative.
  void add_pair(int zero, int one, double cost);
  /// Labels by node. Of equally good answers, the one with the most labels 1.
  [[nodiscard]] std::vector<char> solve();

 private:
  struct Edge {
    int to;
    double capacity;
  };
  void add_edge(int from, int to, double capacity);
  [[nodiscard]] bool find_levels();
  double push(int node, double flow);

  std::vector<std::vector<int>> leaving_{{}, {}};  ///< indices of edges; nodes 0 and 1 are source and sink
  std::vector<Edge> edges_;                        ///< an edge and, behind it, its reverse
  std::vector<int> level_;
  std::vector<std::size_t> next_;
};

}  // namespace vireo::tune
