#include "engine/device/opencl/backend.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "engine/base/text.h"
#include "engine/device/opencl/device.h"
#include "engine/device/opencl/probe.h"

namespace vireo::device {
namespace opencl {
namespace {

struct Found {
  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  cl_device_type type = 0;
};

/// GPUs first, then other accelerators, then processors: "opencl:0" is the best there is.
std::vector<Found> find_devices() {
  cl_uint count = 0;
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS) return {};  // no implementation is installed
  std::vector<cl_platform_id> platforms(count);
  if (count == 0 || clGetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) return {};
  std::vector<Found> all;
  for (cl_platform_id platform : platforms) {
    cl_uint devices = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &devices) != CL_SUCCESS) continue;
    std::vector<cl_device_id> ids(devices);
    if (devices == 0 || clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, devices, ids.data(), nullptr) != CL_SUCCESS)
      continue;
    for (cl_device_id id : ids) {
      Found found{platform, id, 0};
      if (clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof(found.type), &found.type, nullptr) == CL_SUCCESS)
        all.push_back(found);
    }
  }
  const auto rank = [](const Found& found) {
    return found.type & CL_DEVICE_TYPE_GPU ? 0 : found.type & CL_DEVICE_TYPE_CPU ? 2 : 1;
  };
  std::stable_sort(all.begin(), all.end(), [&](const Found& a, const Found& b) { return rank(a) < rank(b); });
  return all;
}

std::string name_of(std::size_t index) { return base::str("opencl:", index); }

}  // namespace
}  // namespace opencl

namespace {

class OpenclBackend final : public Backend {
 public:
  [[nodiscard]] std::vector<DeviceInfo> list() override {
    std::vector<DeviceInfo> infos;
    for (std::size_t k = 0; k < found().size(); ++k) {
      const opencl::Found& device = found()[k];
      DeviceInfo info;
      try {
        const Target target = opencl::describe(opencl::name_of(k), device.platform, device.device);
        info.description = target.description;
        info.fingerprint = target.fingerprint;
        info.cores = target.workers;
        info.memory_bytes = target.memory_bytes;
        info.features = target.features;
        info.note = opencl::why_not(device.device);
      } catch (const Error& error) {
        info.note = error.what();
      }
      info.type = device.type & CL_DEVICE_TYPE_GPU ? "gpu" : device.type & CL_DEVICE_TYPE_CPU ? "cpu" : "accelerator";
      info.name = opencl::name_of(k);
      info.usable = info.note.empty();
      infos.push_back(std::move(info));
    }
    return infos;
  }

  [[nodiscard]] std::shared_ptr<Device> open(const std::string& name) override {
    if (name.rfind("opencl:", 0) != 0) return nullptr;
    for (std::size_t k = 0; k < found().size(); ++k) {
      if (name != opencl::name_of(k)) continue;
      if (const std::string why = opencl::why_not(found()[k].device); !why.empty())
        base::fail(ErrorCode::unsupported, "device '", name, "' can't be used: ", why);
      return std::make_shared<opencl::OpenclDevice>(name, found()[k].platform, found()[k].device);
    }
    if (name == "opencl:all")
      base::fail(ErrorCode::unsupported,
                 "device 'opencl:all' is for video (run, demo, vireoinfer), which spreads its batches over all GPUs; an "
                 "engine runs on one of them, 'opencl:0'");
    if (found().empty())
      base::fail(ErrorCode::unsupported, "device '", name,
                 "' is not there: this machine has no OpenCL implementation. A GPU's driver brings one (Debian: "
                 "nvidia-opencl-icd, intel-opencl-icd, mesa-opencl-icd), pocl-opencl-icd runs on the processor; `vireo "
                 "doctor` tells more");
    return nullptr;
  }

 private:
  /// Looked up once, when somebody first asks for devices beyond the CPU: drivers take their time to start.
  const std::vector<opencl::Found>& found() {
    const std::lock_guard lock(mutex_);
    if (!found_) found_ = opencl::find_devices();
    return *found_;
  }

  std::mutex mutex_;
  std::optional<std::vector<opencl::Found>> found_;
};

}  // namespace

std::shared_ptr<Backend> opencl_backend() { return std::make_shared<OpenclBackend>(); }

}  // namespace vireo::device
