#pragma once
// Regular expressions in the syntax of RE2, for whole texts of UTF-8: whether one matches, in time proportional to the
// product of the lengths of text and program, whatever the pattern. No captures, so greedy and lazy are the same. Not
// known, and refused by name: classes of Unicode properties (\p), bytes (\C); back references and assertions that look
// around are not of RE2 either. Immutable; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vireo::ops {

class Regex {
 public:
  /// Throws Error(invalid_model) saying what is wrong with the pattern and where; unsupported for what is not known.
  explicit Regex(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view text) const;

  using Range = std::pair<char32_t, char32_t>;  ///< both ends belong to it
  enum class Assertion : std::uint8_t { text_begin, text_end, line_begin, line_end, word_edge, no_word_edge };
  struct Step {
    enum class Kind : std::uint8_t { set, either, go, check, match } kind = Kind::match;
    std::size_t a = 0, b = 0;  ///< set: ranges [a, b); either: the next steps; go: the next step; check: the assertion
  };
  struct Program {
    std::vector<Step> steps;
    std::vector<Range> ranges;
  };

 private:
  Program program_;
};

}  // namespace vireo::ops
