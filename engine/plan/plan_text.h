#pragma once
// The sections of a plan as text: what was decided and measured, and the table of packed weights, one line each.
//
//   without "pass"                                               a pass that is off
//   profile                                                      one more; the ranges after it are its own
//   range MIN OPT MAX "input"
//   section "fingerprint"                                        one more; all lines from here to the next are its own
//   device "name"
//   workers N
//   exact 0|1
//   workspace BYTES
//   precision bf16
//   format NAME PLACE "layer"                                    layer PLACE of the network has format NAME
//   layout nhwc|nchw MS MS measured|predicted MS MS measured|predicted OPERATOR "layer"
//   pack OFFSET BYTES CHECKSUM "key"
//   choice SECONDS TACTIC PROBLEM                                the timing cache has these lines too
//   beside SECONDS TACTIC                                        what was timed beside the choice above
//
// PROBLEM, and the TACTIC of `beside`, are the rest of the line, in quotes where it would not read back otherwise.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/plan_state.h"

namespace vireo::plan {

/// Where a packed block lies in their part of the file.
struct PackedLine {
  std::uint64_t offset = 0, bytes = 0, checksum = 0;
  std::string key;
};
using PackedTable = std::vector<std::vector<PackedLine>>;  ///< by section

[[nodiscard]] std::string sections_text(const Plan::State& state, const PackedTable& packs);
/// Fills what the text holds. Throws Error(invalid_model) naming the line.
void parse_sections(std::string_view text, Plan::State& state, PackedTable& packs);

}  // namespace vireo::plan
