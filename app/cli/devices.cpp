#include <fmt/core.h>

#include "app/cli/command.h"
#include "engine/api/device.h"

namespace vireo::cli {

void add_devices(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("devices", "what this machine has");
  c->callback([&action] {
    action = [] {
      for (const DeviceInfo& d : list_devices()) {
        std::string features;
        for (const std::string& f : d.features) features += " " + f;
        fmt::print("{:<10} {} ({} core{}, {:.1f} GB){}{}\n", d.name, d.description, d.cores, d.cores == 1 ? "" : "s",
                   static_cast<double>(d.memory_bytes) / 1e9, features.empty() ? "" : ":" + features,
                   d.usable ? "" : "  [" + d.note + "]");
      }
      return 0;
    };
  });
}

}  // namespace vireo::cli
