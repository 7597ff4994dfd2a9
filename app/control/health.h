#pragma once
// Whether a deployment does what it is there for: for /readyz, and for the watchdog that would start the process anew.

#include <chrono>
#include <vector>

#include "app/deployment/stats.h"

namespace vireo::control {

struct Readiness {
  bool ready = false;
  std::vector<deployment::StreamSnapshot> waiting;  ///< those that keep it from being ready
};
/// Ready: each stream that neither ended nor failed has delivered a frame within ten seconds, and not all have failed.
[[nodiscard]] Readiness readiness_of(const deployment::Snapshot& snapshot, std::int64_t now_ns);

/// Alive: nothing that looks after a stream has hung for `limit`, and not all streams have failed. A camera that is
/// away is no reason to begin anew; a model that is being loaded takes its time.
[[nodiscard]] bool is_alive(const deployment::Snapshot& snapshot, std::int64_t now_ns, std::chrono::nanoseconds limit);

}  // namespace vireo::control
