#pragma once
// How Vireo reports failure. Import, build, load and configuration throw Error; the hot path (enqueue, synchronize)
// returns Status, which is noexcept and never allocates.

#include <stdexcept>
#include <string>

#include "engine/api/export.h"

namespace vireo {

enum class ErrorCode {
  invalid_argument,  ///< the caller passed something that can't be right
  not_found,         ///< a file, device, tensor or name does not exist
  invalid_model,     ///< the model or plan file is malformed
  unsupported,       ///< well-formed, but outside what this build accepts
  out_of_memory,     ///< a limit or the machine's memory would be exceeded
  io,                ///< reading or writing failed
  cancelled,         ///< a progress callback asked to stop
  internal,          ///< a bug in Vireo; please report
};

/// what() is one readable message: what failed, where, what was found, what is accepted.
class VIREO_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Result of a call on the hot path. The message is a static string.
class [[nodiscard]] Status {
 public:
  constexpr Status() noexcept = default;
  constexpr Status(ErrorCode code, const char* message) noexcept : code_(code), message_(message) {}
  [[nodiscard]] constexpr bool ok() const noexcept { return message_ == nullptr; }
  [[nodiscard]] constexpr ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] constexpr const char* message() const noexcept { return message_ ? message_ : "ok"; }

 private:
  ErrorCode code_ = ErrorCode::internal;
  const char* message_ = nullptr;
};

}  // namespace vireo
