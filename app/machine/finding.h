#pragma once
// What was found on a machine, good or bad, and the command that makes it good.

#include <string>

namespace vireo::machine {

enum class State {
  ok,
  none,     ///< there is no such thing here, and nothing has to be done
  absent,   ///< one feature is missing
  slow,     ///< works, not as fast as it could
  broken,   ///< is there and does not work
  missing,  ///< without it Vireo can't do its main job: inference, on video where it was built for it
};

struct Finding {
  std::string area;  ///< "device", "opencl", "video", "permissions", "files", "versions"
  State state = State::ok;
  std::string what;
  std::string fix;  ///< a command, or what to do; "" where all is well
};

/// "sudo apt-get install NAME"; on systems without apt the counterpart of Debian's package is named.
[[nodiscard]] std::string install(const std::string& packages);

}  // namespace vireo::machine
