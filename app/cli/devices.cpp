#include <fmt/core.h>

#include <memory>

#include "app/cli/command.h"
#include "engine/api/device.h"

namespace vireo::cli {

void add_devices(Program& program) {
  Command c = program.add("devices", "what this machine has");
  const auto verbose = std::make_shared<bool>(false);
  c.flag("-v,--probe", *verbose, "compile and run small kernels to find out what each device can do");
  c.run([verbose] {
    for (const DeviceInfo& d : list_devices(*verbose)) {
      std::string features;
      for (const std::string& f : d.features) features += " " + f;
      fmt::print("{:<10} {} ({} core{}, {:.1f} GB){}{}\n", d.name, d.description, d.cores, d.cores == 1 ? "" : "s",
                 static_cast<double>(d.memory_bytes) / 1e9, features.empty() ? "" : ":" + features,
                 d.usable ? "" : "  [" + d.note + "]");
    }
    return 0;
  });
}

}  // namespace vireo::cli
