#pragma once
// `vireo bench --autopilot`: how many contexts of how many threads serve a model best on these cores, by measurement.

#include <string>
#include <vector>

#include "app/cli/model.h"

namespace vireo::cli {

struct AutopilotOptions {
  double duration_s = 3, warmup_s = 0.3;  ///< to measure each setting, and to warm it up before
  std::string json, save_plan, inputs;    ///< as of bench
};

/// k contexts of n threads each, every context on its own n cores.
struct Setting {
  int contexts = 1, threads = 1;
};
/// For each power of two of threads, and for all: one context, as many as fit on the cores, and powers of two between.
[[nodiscard]] std::vector<Setting> autopilot_settings(int cores);

/// Measures every setting in interleaved turns; prints a table and the best for throughput and for latency, or the same
/// as JSON. A model is tuned for each number of threads first, within the budget for each; a plan stays as it is.
/// `files` are those of the flags and of the options. Returns the exit code.
int autopilot(const ModelFlags& flags, const AutopilotOptions& options, const Outputs& files);

}  // namespace vireo::cli
