#pragma once
// An einsum equation taken apart: one label for each axis of each term. Plain values; any thread.

#include <string>
#include <vector>

#include "engine/api/types.h"

namespace vireo::ops {

/// Labels are letters; the axes that an ellipsis stands for get the labels 1, 2, … from the last one backwards.
struct Equation {
  std::vector<std::string> inputs;
  std::string output;
};

/// Throws Error(invalid_model) when the equation is malformed or does not fit the ranks.
[[nodiscard]] Equation parse_equation(const std::string& text, const std::vector<std::size_t>& ranks);

}  // namespace vireo::ops
