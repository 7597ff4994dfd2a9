#include "engine/device/cpu/cpu_device.h"

#include "engine/base/memory.h"
#include "engine/device/cpu/executor.h"

namespace vireo::device {
namespace {

class HostMemory final : public Memory {
 public:
  HostMemory(std::shared_ptr<Device> device, std::size_t bytes)
      : device_(std::move(device)), data_(base::allocate_aligned(bytes)), bytes_(bytes) {}
  [[nodiscard]] MemoryKind kind() const noexcept override { return MemoryKind::host; }
  [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }
  [[nodiscard]] std::byte* host() const noexcept override { return data_.get(); }
  [[nodiscard]] const std::shared_ptr<Device>& device() const noexcept override { return device_; }

 private:
  std::shared_ptr<Device> device_;
  std::shared_ptr<std::byte> data_;
  std::size_t bytes_;
};

class CpuDevice final : public Device {
 public:
  [[nodiscard]] const Target& target() const noexcept override { return host_target(); }
  [[nodiscard]] std::shared_ptr<Memory> allocate(std::size_t bytes, MemoryKind) override {
    return std::make_shared<HostMemory>(shared_from_this(), bytes);
  }
  [[nodiscard]] std::unique_ptr<Queue> create_queue() override { return create_thread_queue(); }
  [[nodiscard]] std::unique_ptr<Executable> load(std::shared_ptr<const Segment> segment,
                                                 const LoadOptions& options) override {
    return std::make_unique<Executor>(std::move(segment), options.pool, options.profile);
  }
};

class CpuBackend final : public Backend {
 public:
  [[nodiscard]] std::vector<DeviceInfo> list() override {
    const Target& target = host_target();
    DeviceInfo info;
    info.name = target.name;
    info.description = target.description;
    info.fingerprint = target.fingerprint;
    info.cores = target.workers;
    info.memory_bytes = target.memory_bytes;
    info.features = target.features;
    return {info};
  }
  [[nodiscard]] std::shared_ptr<Device> open(const std::string& name) override {
    return name == host_target().name ? std::make_shared<CpuDevice>() : nullptr;
  }
};

}  // namespace

std::shared_ptr<Backend> cpu_backend() { return std::make_shared<CpuBackend>(); }

}  // namespace vireo::device
