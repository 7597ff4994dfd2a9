#include <unistd.h>

#include "engine/api/device.h"
#include "engine/base/cpu.h"
#include "engine/plan/plan_state.h"

namespace vireo {

std::vector<DeviceInfo> list_devices() {
  DeviceInfo cpu;
  cpu.name = "cpu";
  cpu.description = base::cpu_name();
  cpu.fingerprint = plan::cpu_fingerprint();
  cpu.cores = base::available_cores();
  cpu.memory_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  cpu.features = base::feature_names(base::cpu_features());
  return {cpu};
}

}  // namespace vireo
