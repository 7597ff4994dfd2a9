#pragma once
// Plans without the weights that their own device does not read.

#include <map>
#include <string>
#include <vector>

#include "engine/plan/plan_state.h"

namespace vireo::tune {

/// Leaves out every weight of the network that none of the plan's sections reads when its programs are compiled at
/// these shapes: their packed forms are in the sections. Throws Error(unsupported) where shapes are not known.
void strip_weights(Plan::State& plan, const std::vector<std::map<std::string, Dims>>& shapes);

}  // namespace vireo::tune
