#pragma once
// Inferences of several contexts as a drawing: what the host did and what the device did, and when, in the trace format
// that Chrome's about:tracing and Perfetto read.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/cli/measure.h"

namespace vireo::cli {

/// Of one context, by the host's steady clock.
struct ContextTrace {
  struct Call {
    std::string name;  ///< "enqueue", "wait"
    double begun = 0, ended = 0;
  };
  std::vector<Call> host;
  std::vector<StreamWork> device;
};

/// Drives each context of the engine from its own thread, through a traced stream of its own: so many rounds of as many
/// inferences, enqueued and then waited for. All begin together. Throws what one of them throws.
[[nodiscard]] std::vector<ContextTrace> drive_traced(Engine& engine, const std::vector<Context*>& contexts, int rounds,
                                                     int queued);

/// How long copies between host and device took, and how much of that kernels of another context ran beside them.
struct Overlap {
  double transfers_s = 0, beside_s = 0;
  [[nodiscard]] double share() const noexcept { return transfers_s > 0 ? beside_s / transfers_s : 0; }
};
[[nodiscard]] Overlap overlap_of(const std::vector<ContextTrace>& contexts);

/// The trace as JSON. Process 0 is the host with a row a context, process 1 the device with three: uploads, kernels,
/// downloads. Times are microseconds from the first; each piece of the device's work says when it was queued.
[[nodiscard]] nlohmann::json trace_events(const std::vector<ContextTrace>& contexts, const std::string& device);

/// For devices whose queues tell no times: runs some inferences on a context that profiles and adds the times of their
/// layers to the events, one after the other behind all others, in a process 2. Layers that ran side by side are told
/// with their parts of the time.
void add_layers(nlohmann::json& events, Context& profiling, int inferences);

}  // namespace vireo::cli
