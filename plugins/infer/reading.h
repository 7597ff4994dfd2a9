#pragma once
// How a network is read: where the picture goes in and how, and which decoder reads its outputs, each with the reason.
// Free functions, any thread.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugins/decode/decoders.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::infer {

/// Inputs and outputs as they are for one image.
[[nodiscard]] sdk::ModelDescription describe_model(std::vector<TensorInfo> inputs, std::vector<TensorInfo> outputs,
                                                   std::map<std::string, std::string> metadata);

struct Reading {
  std::optional<decode::Choice> choice;  ///< nothing: the outputs stay raw
  sdk::InputSpec input;
  [[nodiscard]] std::string decoder() const { return choice ? std::string(choice->row->name) : "none"; }
  /// "input 'x' 640x640 NCHW RGB …; decoder yolox (why)".
  [[nodiscard]] std::string summary() const;
};

/// `decoder`: a family's name, "auto" or "" for the one that fits, "none". `params`: those of the input. Throws Error.
[[nodiscard]] Reading read_model(const sdk::ModelDescription& model, const std::string& decoder,
                                 const sdk::Params& params);

}  // namespace vireo::infer
