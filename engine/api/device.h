#pragma once
// Names and facts of the devices an engine can run on.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/export.h"

namespace vireo {

/// A device by name: "cpu", "opencl:0"; "opencl:0|cpu" is the CPU where there is no such device. Plain value.
struct Device {
  std::string name = "cpu";
};

struct DeviceInfo {
  std::string name;          ///< "cpu", "opencl:0": what Device takes
  std::string description;   ///< maker's name
  std::string type = "cpu";  ///< "cpu", "gpu" or "accelerator"
  std::string fingerprint;   ///< to be matched by a plan's tuned section
  int cores = 0;
  std::uint64_t memory_bytes = 0;
  std::vector<std::string> features;  ///< "avx2", "avx512_vnni", ...
  bool usable = true;                 ///< false: seen, but engines can't run there yet; `note` says why
  std::string note;
};

/// Every device seen on this machine, "cpu" first. `probed`: devices are opened, and `features` gets what small kernels
/// found out beyond what the device says of itself; takes up to a second for each.
[[nodiscard]] VIREO_API std::vector<DeviceInfo> list_devices(bool probed = false);
/// The one of this name, or of alternatives the first that is usable; nothing where there is none. For "cpu" no driver
/// is started.
[[nodiscard]] VIREO_API std::optional<DeviceInfo> find_device(const std::string& name);

/// Whether a device's compiler works: it can't be told to stop, and goes on with what a cancelled build wanted. A
/// process that ends by exit() waits for it, for half a minute, maybe; one that ends by _exit() doesn't.
[[nodiscard]] VIREO_API bool compilers_at_work() noexcept;

}  // namespace vireo
