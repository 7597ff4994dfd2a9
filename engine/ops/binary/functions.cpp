#include "engine/ops/binary/functions.h"

#include <iterator>

namespace vireo::ops {

BinaryFunction binary_function_from(std::string_view name) noexcept {
  constexpr std::string_view names[] = {"add",         "sub",        "mul",        "div",           "pow",
                                        "mod",         "fmod",       "min",        "max",           "prelu",
                                        "equal",       "less",       "less_equal", "greater",       "greater_equal",
                                        "and",         "or",         "xor",        "bitshift_left", "bitshift_right",
                                        "bitwise_and", "bitwise_or", "bitwise_xor"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (names[i] == name) return static_cast<BinaryFunction>(i);
  return BinaryFunction::unknown;
}

}  // namespace vireo::ops
