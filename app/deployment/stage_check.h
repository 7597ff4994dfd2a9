#pragma once
// What can be said against a stage's settings before its network is opened. Pure function.

#include "config/settings.h"

namespace vireo::deployment {

/// Throws Error that names the place: of words that no network would make good.
void check_stage(const config::StageConfig& stage);

}  // namespace vireo::deployment
