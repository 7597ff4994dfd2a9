#pragma once
// Exceptions at the border of a noexcept function. Any thread.

#include "engine/api/error.h"

namespace vireo::base {

/// For `catch (...)`: the exception that was caught as a Status. Its message goes to the log; `failed`, a static
/// string, is the Status's unless memory ran out.
[[nodiscard]] Status caught(const char* failed) noexcept;

}  // namespace vireo::base
