#pragma once
// Exceptions that must not leave a noexcept function. Any thread.

#include "engine/api/error.h"

namespace vireo::base {

/// For `catch (...)`: the exception that was caught as a Status. Its message goes to the log; `failed`, a static
/// string, is the message of the Status unless memory ran out.
[[nodiscard]] Status caught(const char* failed) noexcept;

}  // namespace vireo::base
