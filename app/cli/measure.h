#pragma once
// Measuring inferences: what `bench` and its `--autopilot` share.

#include <chrono>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/cli/model.h"

namespace vireo::cli {

using Clock = std::chrono::steady_clock;
[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Throws Error unless ok.
void check(const Status& status);

/// Of sorted values, p in 0..1, interpolated; 0 when there are none.
[[nodiscard]] double percentile(const std::vector<double>& sorted, double p);

/// A context with seeded noise in its inputs, or, with a folder, the tensors input_0.pb … there; `resident` as in
/// make_context().
[[nodiscard]] std::unique_ptr<Context> context_with_inputs(Loaded& loaded, const ContextOptions& options,
                                                           const std::string& folder, bool resident = false);

/// How long to run: `iterations` inferences where above zero, else `duration_s`; at least one runs before, to warm up.
struct Turn {
  double warmup_s = 0, duration_s = 0;
  int iterations = 0;
  /// Inferences that are enqueued before the last one is waited for; the latency of each is its part of the time then.
  int queued = 1;
};
struct Times {
  std::vector<double> ms;          ///< latencies
  std::vector<double> enqueue_us;  ///< what enqueueing one took the host, where more than one is queued
};
/// Drives each context of the engine from its own thread. Throws what one of them throws.
[[nodiscard]] std::vector<Times> drive(Engine& engine, const std::vector<Context*>& contexts, const Turn& turn);

/// Images of one inference: the first extent of the first input, where it has more than one.
[[nodiscard]] double images_of(const Loaded& loaded, Context& context);

/// To a file, or to stdout for "-"; nowhere for "". Throws Error when it can't be written.
void write_json(const nlohmann::json& results, const std::string& file);

}  // namespace vireo::cli
