#include <algorithm>
#include <map>
#include <mutex>

#include "engine/api/log.h"
#include "engine/base/text.h"
#include "engine/device/cpu/cpu_device.h"
#include "engine/device/device.h"
#include "engine/device/opencl/backend.h"

namespace vireo::device {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::shared_ptr<Backend>> backends{cpu_backend(), opencl_backend()};
  std::map<std::string, std::weak_ptr<Device>> open;
};

Registry& registry() {
  static Registry all;
  return all;
}

std::shared_ptr<Device> open_one(const std::string& name) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  if (std::shared_ptr<Device> known = all.open[name].lock()) return known;
  for (const std::shared_ptr<Backend>& backend : all.backends)
    if (std::shared_ptr<Device> device = backend->open(name)) {
      all.open[name] = device;
      return device;
    }
  all.open.erase(name);
  std::string names;
  for (const std::shared_ptr<Backend>& backend : all.backends)
    for (const DeviceInfo& info : backend->list())
      if (info.usable) names += (names.empty() ? "" : ", ") + info.name;
  base::fail(ErrorCode::unsupported, "device '", name, "' can't run engines here; accepted: ", names);
}

/// "opencl:0|cpu": the alternatives, in their order.
std::vector<std::string> alternatives(const std::string& name) {
  std::vector<std::string> list;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('|', begin), name.size());
    list.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return list;
}

}  // namespace

void add_backend(std::shared_ptr<Backend> backend) {
  const std::lock_guard lock(registry().mutex);
  registry().backends.push_back(std::move(backend));
}

void remove_backend(const Backend& backend) {
  const std::lock_guard lock(registry().mutex);
  std::erase_if(registry().backends, [&](const auto& b) { return b.get() == &backend; });
  registry().open.clear();
}

std::shared_ptr<Device> open(const std::string& name) {
  const std::vector<std::string> names = alternatives(name);
  for (std::size_t k = 0; k + 1 < names.size(); ++k) try {
      return open_one(names[k]);
    } catch (const Error& error) {
      log(LogLevel::warning,
          base::str(error.what(), "; '", names[k + 1], "' is used instead, as '", name, "' permits"));
    }
  return open_one(names.back());
}

std::vector<DeviceInfo> list(bool probed) {
  std::vector<DeviceInfo> all;
  {
    const std::lock_guard lock(registry().mutex);
    for (const std::shared_ptr<Backend>& backend : registry().backends)
      for (DeviceInfo& info : backend->list()) all.push_back(std::move(info));
  }
  for (DeviceInfo& info : all) {
    if (!probed || !info.usable) continue;
    try {
      info.features = open(info.name)->target().features;
    } catch (const Error& error) {
      info.usable = false;
      info.note = error.what();
    }
  }
  return all;
}

std::optional<DeviceInfo> find(const std::string& name) {
  const std::lock_guard lock(registry().mutex);
  for (const std::string& one : alternatives(name))
    for (const std::shared_ptr<Backend>& backend : registry().backends)
      for (DeviceInfo& info : backend->list())
        if (info.name == one && info.usable) return std::move(info);
  return std::nullopt;
}

}  // namespace vireo::device
