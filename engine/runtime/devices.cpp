#include "engine/api/device.h"

#include "engine/device/device.h"

namespace vireo {

std::vector<DeviceInfo> list_devices(bool probed) { return device::list(probed); }
std::optional<DeviceInfo> find_device(const std::string& name) { return device::find(name); }

}  // namespace vireo
