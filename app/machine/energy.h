#pragma once
// What the machine's own counters say was used: RAPL's of the processor (powercap), and those of NVIDIA's devices,
// whose library is loaded when it is there. Machines, containers and users that may not read them have none. One
// thread.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace vireo::machine {

struct EnergyUse {
  std::string name;  ///< "package-0", "dram-0", "nvidia-0"
  double joules = 0;
};

class EnergyMeter {
 public:
  explicit EnergyMeter(const std::filesystem::path& powercap = "/sys/class/powercap",
                       const std::string& nvml = "libnvidia-ml.so.1");
  ~EnergyMeter();
  EnergyMeter(const EnergyMeter&) = delete;
  EnergyMeter& operator=(const EnergyMeter&) = delete;
  /// Counts from now on.
  void begin();
  /// Since begin(), one row a counter that could be read both times; empty where there is none. A counter that wrapped
  /// around once is told from where it wraps; after more than that (20 minutes at 200 W) too little is told.
  [[nodiscard]] std::vector<EnergyUse> used() const;

 private:
  struct Counter;
  struct Nvidia;
  std::vector<Counter> counters_;
  std::unique_ptr<Nvidia> nvidia_;
};

}  // namespace vireo::machine
