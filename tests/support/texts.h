#pragma once
// Texts that string tensors of tests hold, by number: awkward ones among them. Single thread.

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "engine/api/text.h"

namespace vireo::testing {

/// The text of a number, as an id; every number has one.
inline std::uint64_t sample_text(double number) {
  static constexpr std::array<std::string_view, 17> kTexts{"",
                                                           "monday",
                                                           "MONDAY",
                                                           " a  b c ",
                                                           "x",
                                                           "a,b,,c",
                                                           ",",
                                                           "\xc3\xbcml\xc3\xa4ut \xe2\x82\xac",
                                                           "1.5",
                                                           "-7",
                                                           "nan",
                                                           "3e2",
                                                           "0",
                                                           "me@vireo.x",
                                                           "\xff",
                                                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                                           "tab\tand\nline"};
  if (!std::isfinite(number)) return text_id(kTexts[0]);
  return text_id(kTexts[static_cast<std::size_t>(std::fmod(std::abs(number), kTexts.size()))]);
}

}  // namespace vireo::testing
