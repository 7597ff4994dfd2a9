#pragma once
// Reads from a model how its picture input is laid out. Stateless, any thread.

#include <span>
#include <string>

#include "plugins/sdk/decoder.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::preprocess {

/// The picture input of the model: layout and size from its shape (dynamic extents from the `size` parameter, else
/// 640), colour and normalisation from `style` (the decoder family's, Match::input), each overridden by `params`.
/// Throws Error(unsupported) when no input can be a picture.
[[nodiscard]] sdk::InputSpec guess_input(const std::vector<TensorInfo>& inputs, const sdk::InputStyle& style,
                                         const sdk::Params& params = {});

/// Options read by guess_input: size, layout, color, mean, scale, resize, align, pad.
[[nodiscard]] std::span<const sdk::ParamRow> input_params();

}  // namespace vireo::preprocess
