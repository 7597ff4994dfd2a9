#pragma once
// What a device did for a stream, and when: for drawings of what ran beside what. Plain values.

#include <cstdint>
#include <string>

namespace vireo {

/// One piece of work of a traced stream. Times are seconds of the host's steady clock (std::chrono::steady_clock).
struct StreamWork {
  enum class Kind : std::uint8_t {
    upload,    ///< from the host's memory
    download,  ///< to it
    copy,      ///< within the device
    kernel,
  };
  Kind kind = Kind::kernel;
  std::string name;         ///< the layer, for kernels
  std::uint64_t bytes = 0;  ///< of copies
  double queued = 0;        ///< given to the driver
  double started = 0, ended = 0;
};

}  // namespace vireo
