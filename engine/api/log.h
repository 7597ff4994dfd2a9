#pragma once
// The library never prints: it hands messages to the Logger that the program installed. Without one, warnings and
// errors go to stderr. VIREO_LOG=debug|info|warning|error|off sets the default threshold. Loggers may be called from
// any thread.

#include <string_view>

#include "engine/api/export.h"

namespace vireo {

enum class LogLevel { debug, info, warning, error, off };

class VIREO_API Logger {
 public:
  virtual ~Logger() = default;
  virtual void log(LogLevel level, std::string_view message) noexcept = 0;
};

/// Installs the process-wide logger (borrowed: must outlive its use; null restores the default). Returns the old one.
VIREO_API Logger* set_logger(Logger* logger) noexcept;
VIREO_API void set_log_level(LogLevel threshold) noexcept;
[[nodiscard]] VIREO_API LogLevel log_level() noexcept;
VIREO_API void log(LogLevel level, std::string_view message) noexcept;

}  // namespace vireo
