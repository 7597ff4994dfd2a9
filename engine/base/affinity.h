#pragma once
// Which cores threads run on, by the system's numbers. Functions act on the calling thread.

#include <sched.h>

#include <span>
#include <string>

namespace vireo::base {

/// Throws Error(invalid_argument), with the cores that this process may run on, unless every number is one of them and
/// none comes twice.
void check_cores(std::span<const int> cores);

/// "0, 1, 2"
[[nodiscard]] std::string join_cores(std::span<const int> cores);

/// Binds the calling thread to one core; false when the system refuses.
bool bind_to_core(int core) noexcept;

/// Binds the calling thread to a core for its lifetime, and gives back the former cores after. Does nothing below zero,
/// where the thread is bound to just that core already, and where the system refuses.
class OnCore {
 public:
  explicit OnCore(int core) noexcept;
  ~OnCore();
  OnCore(const OnCore&) = delete;
  OnCore& operator=(const OnCore&) = delete;

 private:
  cpu_set_t former_;
  bool bound_ = false;
};

}  // namespace vireo::base
