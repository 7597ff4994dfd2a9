#pragma once
// Comparing with outputs that another engine left in files.

#include "app/cli/model.h"

namespace vireo::cli {

/// Of an element: |ours - recorded| <= absolute + relative * |recorded|.
struct Tolerance {
  double relative = 1e-3, absolute = 1e-7;
};

/// Runs the model on input_0.pb, … and prints how far its outputs are from output_0.pb, … of the other folder. Returns
/// the command's exit code: 1 where an element is beyond the tolerance, or a shape or type is another.
int compare_recorded(const ModelFlags& flags, const std::string& inputs, const std::string& outputs,
                     const Tolerance& tolerance);

}  // namespace vireo::cli
