#pragma once
// What was measured on one device: for each problem the fastest tactic. Plain values.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vireo::plan {

/// The tactic chosen for a problem and its seconds.
struct Choice {
  std::string tactic;
  double seconds = 0;
  std::vector<std::pair<std::string, double>> beside = {};  ///< tactics that were timed with it, and their seconds
};
using Choices = std::map<std::string, Choice, std::less<>>;  ///< by the problem's key

/// The tuning section and the timing cache share this readable form.
[[nodiscard]] std::string choices_text(const Choices& choices);
/// Throws Error(invalid_model) naming the line, counted on from `line_before`.
[[nodiscard]] Choices parse_choices(std::string_view text, int line_before = 0);

}  // namespace vireo::plan
