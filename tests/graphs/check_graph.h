#pragma once
// One network built, loaded and run through the public API, against its references.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/graphs/random_graph.h"

namespace vireo::graphs_testing {

/// How a network is built and run.
struct Mode {
  int threads = 1;
  bool exact = false;
  bool saved = false;           ///< the plan is written to a file and read back
  bool profile = false;         ///< unknown extents have a profile instead of set_shape alone
  bool random_tactics = false;  ///< any accepted tactic for each layer, and any chains, instead of the predicted ones
  bool owned = false;           ///< build(Network&&)
  std::uint64_t seed = 0;       ///< of the random choices
  std::vector<std::string> disabled;  ///< passes
  [[nodiscard]] std::string to_string() const;
};
/// One of many ways, drawn from a seed.
[[nodiscard]] Mode random_mode(std::uint64_t seed);

/// The outputs of the built network, one constant each. Runs twice, over memory full of rubbish, and throws Error when
/// the runs differ, or what building, loading or running throws.
[[nodiscard]] std::vector<graph::ConstantPtr> run_built(const Sample& sample, const Mode& mode);

struct Verdict {
  std::string failure;  ///< empty: none
  std::int64_t elements = 0, unchecked = 0;
};
[[nodiscard]] Verdict check_graph(const Sample& sample, const Mode& mode);

/// Where a failure comes from: the first pass behind which the references give something else, or the tactic without
/// which the fault is gone.
[[nodiscard]] std::string diagnose(const Sample& sample, const Mode& mode);

}  // namespace vireo::graphs_testing
