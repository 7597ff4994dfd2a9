#include "app/control/health.h"

#include <algorithm>

namespace vireo::control {
namespace {

using deployment::StreamState;

constexpr std::int64_t kRecent = 10'000'000'000;

bool all_failed(const deployment::Snapshot& snapshot) {
  return !snapshot.streams.empty() && std::all_of(snapshot.streams.begin(), snapshot.streams.end(),
                                                  [](const auto& s) { return s.state == StreamState::failed; });
}

}  // namespace

Readiness readiness_of(const deployment::Snapshot& snapshot, std::int64_t now_ns) {
  Readiness readiness;
  const bool failed = all_failed(snapshot);
  for (const deployment::StreamSnapshot& stream : snapshot.streams) {
    const bool over = stream.state == StreamState::ended || stream.state == StreamState::failed;
    const bool recent = stream.last_out_ns > 0 && now_ns - stream.last_out_ns < kRecent;
    if (failed || (!over && !recent)) readiness.waiting.push_back(stream);
  }
  readiness.ready = readiness.waiting.empty();
  return readiness;
}

bool is_alive(const deployment::Snapshot& snapshot, std::int64_t now_ns, std::chrono::nanoseconds limit) {
  if (all_failed(snapshot)) return false;
  return std::all_of(snapshot.streams.begin(), snapshot.streams.end(), [&](const auto& stream) {
    return stream.state == StreamState::starting || stream.state == StreamState::ended ||
           stream.state == StreamState::failed || now_ns - stream.alive_ns < limit.count();
  });
}

}  // namespace vireo::control
