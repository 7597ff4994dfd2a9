#include "engine/api/device.h"

#include "engine/device/device.h"
#include "engine/device/left_behind.h"

namespace vireo {

std::vector<DeviceInfo> list_devices(bool probed) { return device::list(probed); }
std::optional<DeviceInfo> find_device(const std::string& name) { return device::find(name); }
bool compilers_at_work() noexcept { return device::compilations() > 0; }

}  // namespace vireo
