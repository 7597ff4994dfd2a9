#include "engine/base/affinity.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "engine/base/text.h"

namespace vireo::base {
namespace {

/// Found by trying: the calling thread's own mask may be narrower than what the process may have.
bool accepts(int core) {
  if (core < 0 || core >= CPU_SETSIZE) return false;
  const OnCore on(core);
  cpu_set_t now;
  return sched_getaffinity(0, sizeof now, &now) == 0 && CPU_COUNT(&now) == 1 && CPU_ISSET(core, &now);
}

std::vector<int> accepted() {
  std::vector<int> cores;
  const long configured = std::clamp(sysconf(_SC_NPROCESSORS_CONF), 1L, static_cast<long>(CPU_SETSIZE));
  for (int core = 0; core < static_cast<int>(configured); ++core)
    if (accepts(core)) cores.push_back(core);
  return cores;
}

}  // namespace

void check_cores(std::span<const int> cores) {
  cpu_set_t own;
  if (sched_getaffinity(0, sizeof own, &own) != 0)
    fail(ErrorCode::unsupported, "the system doesn't say which cores there are: ", std::strerror(errno));
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (std::count(cores.begin(), cores.end(), cores[i]) > 1)
      fail(ErrorCode::invalid_argument, "cores names ", cores[i], " more than once; each worker needs its own");
    if (!accepts(cores[i]))
      fail(ErrorCode::invalid_argument, "cores names ", cores[i], "; this process may run on ", join_cores(accepted()));
  }
}

std::string join_cores(std::span<const int> cores) {
  std::string text;
  for (const int core : cores) text += (text.empty() ? "" : ", ") + std::to_string(core);
  return text;
}

bool bind_to_core(int core) noexcept {
  if (core < 0 || core >= CPU_SETSIZE) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

OnCore::OnCore(int core) noexcept {
  if (core < 0 || core >= CPU_SETSIZE || sched_getaffinity(0, sizeof former_, &former_) != 0) return;
  if (CPU_COUNT(&former_) == 1 && CPU_ISSET(core, &former_)) return;
  bound_ = bind_to_core(core);
}

OnCore::~OnCore() {
  if (bound_) (void)sched_setaffinity(0, sizeof former_, &former_);
}

}  // namespace vireo::base
