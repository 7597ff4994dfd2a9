#pragma once
// What the files of image_conv share. Any thread.

#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {

/// Of the convolution of the image once it is channels-last. Throws as conv_geometry().
[[nodiscard]] ConvGeometry image_conv_geometry(const Attributes& attributes, const Dims& image, const Dims& weights);

[[nodiscard]] std::string refuse_image_conv_part(const Problem& problem);
[[nodiscard]] Launch prepare_image_conv_part(const Problem& problem);

}  // namespace vireo::ops
