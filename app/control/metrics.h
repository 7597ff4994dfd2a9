#pragma once
// A snapshot as Prometheus reads it.

#include <string>

#include "app/deployment/stats.h"

namespace vireo::control {

[[nodiscard]] std::string metrics_text(const deployment::Snapshot& snapshot, std::int64_t now_ns);

}  // namespace vireo::control
