#pragma once
// Many inputs, each tried in a child process that is replaced when it dies. The caller's process must have no threads.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "tests/fuzz/seeds.h"
#include "tests/fuzz/try_input.h"

namespace vireo::fuzz_testing {

struct Settings {
  std::uint64_t seed = 1, first = 0, count = 0;
  std::filesystem::path folder;  ///< of scratch files and of the inputs that failed
  int workers = 1;
  unsigned seconds = 30;     ///< for everything but running
  unsigned run_seconds = 2;  ///< large networks may well run longer: that is no failure
};

struct Failure {
  std::uint64_t number = 0;
  std::string what;
  std::filesystem::path file;
};

struct Totals {
  std::uint64_t tried = 0, refused = 0, long_runs = 0;
  std::map<std::string, std::uint64_t> by_kind;  ///< of failures
  std::uint64_t failures = 0;
};

/// Tells each failure as it comes, up to 20 of one kind.
[[nodiscard]] Totals fuzz(const Seeds& seeds, const Settings& settings,
                          const std::function<void(const Failure&)>& report);

}  // namespace vireo::fuzz_testing
