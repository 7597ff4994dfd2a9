#pragma once
// The table of decoders and the choice among them. Stateless, any thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/decoder.h"

namespace vireo::decode {

/// Every family, in the order in which ties are resolved.
[[nodiscard]] std::span<const sdk::DecoderRow> decoders();

struct Candidate {
  const sdk::DecoderRow* row = nullptr;
  sdk::Match match;
};

struct Choice {
  const sdk::DecoderRow* row = nullptr;
  sdk::Match match;                   ///< of the chosen row
  std::vector<Candidate> candidates;  ///< all families with their reasons, best first, for the log
};

/// The family that fits best, or the named one (`name` not empty and not "auto"). Throws Error(unsupported) with every
/// family's reason when none fits or when the named one can't read the outputs, Error(not_found) listing the names when
/// `name` is unknown.
[[nodiscard]] Choice choose_decoder(const sdk::ModelDescription& description, std::string_view name = {});

/// Makes the chosen decoder with the user's params over the match's settings. A param that neither the decoder nor
/// `elsewhere` (say, preprocess::input_params()) knows is an Error that lists what is accepted.
[[nodiscard]] std::unique_ptr<sdk::Decoder> create_decoder(const Choice& choice,
                                                           const sdk::ModelDescription& description,
                                                           const sdk::Params& params = {},
                                                           std::span<const sdk::ParamRow> elsewhere = {});

/// Options that every decoder takes: score, iou, max_detections, labels, classes, ...
[[nodiscard]] std::span<const sdk::ParamRow> common_params();

}  // namespace vireo::decode
