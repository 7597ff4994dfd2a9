#pragma once
// What a TimingCache holds. Its file: a line "vireo timings 2", then for each device a line `device "fingerprint"` and
// the lines of its choices (plan_text.h).

#include <map>
#include <string>

#include "engine/api/timing_cache.h"
#include "engine/plan/choices.h"

namespace vireo {

struct TimingCache::State {
  std::map<std::string, plan::Choices> devices;  ///< by fingerprint
};

}  // namespace vireo
