#pragma once
// Drivers, permissions and folders. Paths and the user are arguments, so that tests can show it another machine. Reads
// only; any thread.

#include <filesystem>
#include <vector>

#include "app/machine/finding.h"

namespace vireo::machine {

/// Who wants to use a device.
struct User {
  unsigned id = 0;
  std::vector<unsigned> groups;
};
[[nodiscard]] User this_user();

/// OpenCL drivers: the .icd files of the folder (`vendors` is $OCL_ICD_VENDORS; "": /etc/OpenCL/vendors), whether their
/// libraries load, and what graphics hardware lacks one.
[[nodiscard]] std::vector<Finding> examine_opencl(const std::string& vendors,
                                                  const std::filesystem::path& sys = "/sys");

/// Cameras and render nodes below `dev` that the user can't open.
[[nodiscard]] std::vector<Finding> examine_devices(const std::filesystem::path& dev, const User& user);

/// The folder where plans are kept: whether files can be made there, and whether there is room.
[[nodiscard]] Finding examine_cache(const std::filesystem::path& folder);

/// The files of libvireo in this process: one, of the program's version. `plugin`: the version of the GStreamer plugin.
[[nodiscard]] std::vector<Finding> examine_versions(const std::string& program, const std::string& plugin,
                                                    const std::filesystem::path& maps = "/proc/self/maps");

}  // namespace vireo::machine
