#include "app/machine/energy.h"

#include <dlfcn.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>

namespace vireo::machine {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::ifstream stream(file);
  std::uint64_t value = 0;
  if (!(stream >> value)) return std::nullopt;
  return value;
}

std::string word_in(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  stream >> word;
  return word;
}

}  // namespace

struct EnergyMeter::Counter {
  std::string name;
  double joules_per_unit = 0;
  std::uint64_t wraps_at = 0;  ///< 0: never
  std::function<std::optional<std::uint64_t>()> read;
  std::optional<std::uint64_t> begun{};
};

/// The few functions of NVIDIA's management library that are needed; their types are its ABI's.
struct EnergyMeter::Nvidia {
  using Device = void*;
  void* library = nullptr;
  int (*shut_down)() = nullptr;

  explicit Nvidia(const std::string& file) {
    library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    const auto start = function<int()>("nvmlInit_v2");
    shut_down = function<int()>("nvmlShutdown");
    if (!start || !shut_down || start() != 0) shut_down = nullptr;
  }
  Nvidia(const Nvidia&) = delete;
  Nvidia& operator=(const Nvidia&) = delete;
  ~Nvidia() {
    if (shut_down) shut_down();
    if (library) dlclose(library);
  }
  template <typename Signature>
  Signature* function(const char* name) const {
    return reinterpret_cast<Signature*>(dlsym(library, name));
  }

  void add_counters(std::vector<Counter>& counters) const {
    if (!shut_down) return;
    const auto count = function<int(unsigned*)>("nvmlDeviceGetCount_v2");
    const auto handle = function<int(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2");
    const auto energy = function<int(Device, unsigned long long*)>("nvmlDeviceGetTotalEnergyConsumption");
    unsigned devices = 0;
    if (!count || !handle || !energy || count(&devices) != 0) return;
    for (unsigned i = 0; i < devices; ++i) {
      Device device = nullptr;
      if (handle(i, &device) != 0) continue;
      const auto read = [energy, device]() -> std::optional<std::uint64_t> {
        unsigned long long millijoules = 0;
        if (energy(device, &millijoules) != 0) return std::nullopt;  // those before Volta have no counter
        return millijoules;
      };
      counters.push_back({"nvidia-" + std::to_string(i), 1e-3, 0, read});
    }
  }
};

EnergyMeter::EnergyMeter(const fs::path& powercap, const std::string& nvml) {
  std::error_code failed;
  for (auto entry = fs::directory_iterator(powercap, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    const fs::path zone = entry->path();
    // A package is intel-rapl:0, what it has inside intel-rapl:0:1, and is counted with it; memory is not.
    const std::string file = zone.filename().string();
    if (!file.starts_with("intel-rapl:")) continue;
    const std::string number = file.substr(file.find(':') + 1);
    std::string name = word_in(zone / "name");
    const bool inside = number.find(':') != std::string::npos;
    if (inside && name != "dram") continue;
    if (inside) name += "-" + number.substr(0, number.find(':'));
    counters_.push_back({name, 1e-6, number_in(zone / "max_energy_range_uj").value_or(0),
                         [file = zone / "energy_uj"] { return number_in(file); }});
  }
  std::sort(counters_.begin(), counters_.end(), [](const Counter& a, const Counter& b) { return a.name < b.name; });
  nvidia_ = std::make_unique<Nvidia>(nvml);
  nvidia_->add_counters(counters_);
}

EnergyMeter::~EnergyMeter() = default;

void EnergyMeter::begin() {
  for (Counter& counter : counters_) counter.begun = counter.read();
}

std::vector<EnergyUse> EnergyMeter::used() const {
  std::vector<EnergyUse> uses;
  for (const Counter& counter : counters_) {
    const auto now = counter.begun ? counter.read() : std::nullopt;
    if (!now) continue;
    std::uint64_t units = *now - *counter.begun;
    if (*now < *counter.begun)
      units = counter.wraps_at > *counter.begun ? counter.wraps_at - *counter.begun + *now : *now;
    uses.push_back({counter.name, static_cast<double>(units) * counter.joules_per_unit});
  }
  return uses;
}

}  // namespace vireo::machine
