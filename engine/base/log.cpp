#include "engine/api/log.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace vireo {
namespace {

LogLevel level_from_environment() noexcept {
  const char* text = std::getenv("VIREO_LOG");
  if (!text) return LogLevel::warning;
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error", "off"};
  for (int i = 0; i < 5; ++i)
    if (std::strcmp(text, kNames[i]) == 0) return static_cast<LogLevel>(i);
  return LogLevel::warning;
}

// The one piece of process-wide state: who hears messages, and from which level on.
std::atomic<Logger*> g_logger{nullptr};
std::atomic<LogLevel>& threshold() noexcept {
  static std::atomic<LogLevel> level{level_from_environment()};
  return level;
}

}  // namespace

Logger* set_logger(Logger* logger) noexcept { return g_logger.exchange(logger); }
void set_log_level(LogLevel level) noexcept { threshold() = level; }
LogLevel log_level() noexcept { return threshold(); }

void log(LogLevel level, std::string_view message) noexcept {
  if (level < threshold().load(std::memory_order_relaxed) || level == LogLevel::off) return;
  if (Logger* logger = g_logger.load()) return logger->log(level, message);
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error", "off"};
  std::fprintf(stderr, "vireo %s: %.*s\n", kNames[static_cast<int>(level)], static_cast<int>(message.size()),
               message.data());
}

}  // namespace vireo
