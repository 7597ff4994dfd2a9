#pragma once
// A pattern as a tree, between its text and its program. For regex.cpp alone.

#include <memory>
#include <string_view>
#include <vector>

#include "engine/ops/regex_match/regex.h"

namespace vireo::ops {

struct RegexNode {
  enum class Kind : std::uint8_t { set, sequence, alternatives, repeat, assertion } kind = Kind::sequence;
  std::vector<Regex::Range> ranges;                  ///< set
  std::vector<std::unique_ptr<RegexNode>> children;  ///< sequence (none: the empty text), alternatives, repeat (one)
  int least = 0, most = -1;                          ///< repeat; most -1: any number
  Regex::Assertion assertion = Regex::Assertion::text_begin;
};

[[nodiscard]] std::unique_ptr<RegexNode> parse_regex(std::string_view pattern);

}  // namespace vireo::ops
