#pragma once
// What the system knows about this process. Any thread.

#include <cstdint>

namespace vireo::control {

struct ProcessFigures {
  double cpu_s = 0, start_s = 0;  ///< start: seconds since 1970
  std::uint64_t resident_bytes = 0, virtual_bytes = 0, threads = 0, open_files = 0, most_files = 0;
};
/// Zeros where /proc does not say.
[[nodiscard]] ProcessFigures process_figures();

}  // namespace vireo::control
