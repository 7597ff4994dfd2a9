#pragma once
// Paints a house seen from above, with its shadow, into the static ground. Called while a background is painted.

#include "plugins/scene/ground.h"

namespace vireo::scene {

/// `sun` is the displacement of a shadow for each unit of height, in the layout's axes.
void paint_house(Ground& ground, const Plot& plot, Vec sun);

}  // namespace vireo::scene
