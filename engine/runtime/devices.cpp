#include "engine/api/device.h"

#include "engine/device/device.h"

namespace vireo {

std::vector<DeviceInfo> list_devices() { return device::list(); }

}  // namespace vireo
