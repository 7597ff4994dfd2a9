#pragma once
// Where a picture goes in the network's input, in whole pixels. The definition of the letterbox: everything else
// (resize, padding, mapping boxes back) follows these integers. Pure function.

#include "plugins/sdk/geometry.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::preprocess {

struct Placement {
  int region_x = 0, region_y = 0, region_width = 0, region_height = 0;  ///< part of the frame that is used
  int x = 0, y = 0, width = 0, height = 0;                              ///< rectangle of the input that it fills
};

/// letterbox: scale = min(W/w, H/h); the filled rectangle is floor(w*scale + 1/2) x floor(h*scale + 1/2), at
///   least 1x1 and at most WxH; centred: left = floor((W - width)/2), top = floor((H - height)/2).
/// stretch: the whole frame fills the whole input.
/// crop: the largest centred region of the input's aspect ratio, each side times crop_percent/100 and rounded likewise,
///   at an even position (so that subsampled chroma splits cleanly), fills the whole input.
[[nodiscard]] Placement place_picture(const sdk::InputSpec& spec, int frame_width, int frame_height);

[[nodiscard]] sdk::Geometry geometry_of(const Placement& placement, const sdk::InputSpec& spec, int frame_width,
                                        int frame_height);

}  // namespace vireo::preprocess
