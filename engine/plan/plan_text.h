#pragma once
// The tuning section of a plan as text: what was decided and measured, and the table of packed weights, one line each.
//
//   exact 0|1
//   workspace BYTES
//   precision bf16
//   profile                                                      one more; the ranges behind it are its own
//   range MIN OPT MAX "input"
//   layout nhwc|nchw MS MS measured|predicted MS MS measured|predicted OPERATOR "layer"
//   pack OFFSET BYTES CHECKSUM "key"
//   device "fingerprint"                                         the choices behind it hold there
//   choice SECONDS TACTIC PROBLEM                                the timing cache has these lines too
//   beside SECONDS TACTIC                                        what was timed beside the choice above
//
// PROBLEM is the rest of the line, in quotes where it would be no line otherwise.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/plan_state.h"

namespace vireo::plan {

/// Where packed weights lie in their section.
struct PackedLine {
  std::uint64_t offset = 0, bytes = 0, checksum = 0;
  std::string key;
};

[[nodiscard]] std::string tuning_text(const Plan::State& state, const std::vector<PackedLine>& packs);
/// Fills what the text holds. Throws Error(invalid_model) naming the line.
void parse_tuning(std::string_view text, Plan::State& state, std::vector<PackedLine>& packs);

}  // namespace vireo::plan
