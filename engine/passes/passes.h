#pragma once
// The passes: rewrites of a network that keep its meaning. One file each, one row each in the ordered list, one wrapper
// that runs them: named, timed, skippable by name, the graph verified after each. Works on one graph from one thread.

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/graph.h"

namespace vireo::passes {

struct Pass {
  std::string_view name;
  std::string_view what;                 ///< one line for `vireo list passes`
  bool (*run)(graph::Graph&) = nullptr;  ///< true when it changed something
  bool by_default = true;                ///< false: runs only when PassOptions::enabled names it
};

/// Every pass, in the order in which they run.
[[nodiscard]] std::span<const Pass> all_passes();

struct PassOptions {
  std::set<std::string, std::less<>> disabled;  ///< names not to run
  std::set<std::string, std::less<>> enabled;   ///< names to run although they are off by default
  bool verify = true;
  int max_rounds = 8;  ///< the list is run again until nothing changes, at most this many times
  /// Called after each pass that changed the graph.
  std::function<void(const Pass&, int round, const graph::Graph&)> on_change;
};

struct PassReport {
  struct Entry {
    std::string_view name;
    int runs = 0, changes = 0;
    double seconds = 0;
    int layers_before = 0, layers_after = 0;  ///< before its first, after its last run
  };
  std::vector<Entry> entries;
  int rounds = 0;
  double seconds = 0;
  [[nodiscard]] std::string to_string() const;  ///< one line for each pass that changed something
};

/// Runs the list to a fixpoint. Throws Error(invalid_argument) for an unknown name in the options, Error(internal)
/// naming the pass that broke the graph.
PassReport run_passes(graph::Graph& graph, const PassOptions& options = {});

/// One pass by name, once, the graph verified after it. Throws Error(not_found).
bool run_pass(graph::Graph& graph, std::string_view name);

}  // namespace vireo::passes
