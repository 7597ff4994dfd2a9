#pragma once
// Which cores threads run on, by the system's numbers. Functions act on the calling thread.

#include <sched.h>

#include <span>
#include <string>

namespace vireo::base {

/// Throws Error(invalid_argument) unless every number is a core that this process may run on, once; says which it may.
void check_cores(std::span<const int> cores);

/// "0, 1, 2"
[[nodiscard]] std::string join_cores(std::span<const int> cores);

/// Binds the calling thread to one core; false when the system refuses.
bool bind_to_core(int core) noexcept;

/// Binds the calling thread to a core while it lives and gives back its former cores then. Does nothing below zero,
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
