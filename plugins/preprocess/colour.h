#pragma once
// What the samples of a picture mean, for whoever converts it. Pure functions.

#include "plugins/preprocess/rows.h"
#include "plugins/sdk/frame.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::preprocess {

/// ITU-R BT.601, BT.709 and BT.2020 (non-constant luminance): R = Y + 2(1-Kr)Cr, B = Y + 2(1-Kb)Cb, G
/// from Y = Kr R + Kg G + Kb B.
[[nodiscard]] YuvCoefficients coefficients(const sdk::Image& image);
[[nodiscard]] bool is_yuv(sdk::PixelFormat format) noexcept;
/// Blue comes first.
[[nodiscard]] bool is_bgr(sdk::PixelFormat format) noexcept;
/// Throws Error(invalid_argument) for an input that no picture can be written to.
void check_spec(const sdk::InputSpec& spec);

}  // namespace vireo::preprocess
