#include "tests/support/remote_device.h"

#include <cstring>

#include "engine/base/memory.h"
#include "engine/compile/tactic_sources.h"
#include "engine/device/cpu/cpu_device.h"
#include "engine/ops/table.h"

namespace vireo::testing {
namespace {

using device::Device;
using device::Executable;
using device::Memory;
using device::Queue;
using device::Region;

RemoteDevices* the_devices = nullptr;

struct RemoteLaunch final : device::LaunchBase {
  std::function<void(const std::vector<const void*>&, const std::vector<void*>&)> run;
};

class RemoteMemory final : public Memory {
 public:
  RemoteMemory(std::shared_ptr<Device> device, std::size_t bytes, MemoryKind kind)
      : device_(std::move(device)), data_(base::allocate_aligned(bytes)), bytes_(bytes), kind_(kind) {
    std::memset(data_.get(), 0, bytes);
  }
  [[nodiscard]] MemoryKind kind() const noexcept override { return kind_; }
  [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }
  [[nodiscard]] std::byte* host() const noexcept override {
    return kind_ == MemoryKind::device ? nullptr : data_.get();
  }
  [[nodiscard]] const std::shared_ptr<Device>& device() const noexcept override { return device_; }
  [[nodiscard]] std::byte* inside() const noexcept { return data_.get(); }

 private:
  std::shared_ptr<Device> device_;
  std::shared_ptr<std::byte> data_;
  std::size_t bytes_;
  MemoryKind kind_;
};

std::byte* address(const Region& region) {
  if (const auto* memory = dynamic_cast<const RemoteMemory*>(region.memory)) return memory->inside() + region.offset;
  return region.host;
}

class Work final : public device::HostWork {
 public:
  explicit Work(std::function<Status()> run) : run_(std::move(run)) {}
  Status run() noexcept override { return run_(); }

 private:
  std::function<Status()> run_;
};

class RemoteExecutable final : public Executable {
 public:
  explicit RemoteExecutable(std::shared_ptr<const device::Segment> segment)
      : segment_(std::move(segment)), arena_(base::allocate_aligned(segment_->arena_bytes)) {}
  [[nodiscard]] const device::Segment& segment() const noexcept override { return *segment_; }
  [[nodiscard]] std::size_t arena_bytes() const noexcept override { return segment_->arena_bytes; }
  [[nodiscard]] std::span<const double> step_seconds() const noexcept override { return {}; }
  void observe(device::Observer) override {}

  Status run(const std::vector<Region>& bindings) {
    const auto resolve = [&](const device::Place& place) -> std::byte* {
      switch (place.in) {
        case device::Place::In::nowhere: return nullptr;
        case device::Place::In::arena: return arena_.get() + place.offset;
        case device::Place::In::constant:
          return const_cast<std::byte*>(segment_->constants[static_cast<std::size_t>(place.index)].data) + place.offset;
        case device::Place::In::binding: return address(bindings[static_cast<std::size_t>(place.index)]) + place.offset;
      }
      return nullptr;
    };
    for (const device::Step& step : segment_->steps) {
      std::vector<const void*> inputs;
      std::vector<void*> outputs;
      for (const device::Place& place : step.inputs) inputs.push_back(resolve(place));
      for (const device::Place& place : step.outputs) outputs.push_back(resolve(place));
      if (const auto* copy = step.launch.as<device::CopyLaunch>()) {
        for (std::size_t r = 0; r < copy->rows; ++r)
          std::memmove(static_cast<std::byte*>(outputs[0]) + r * copy->row_bytes,
                       static_cast<const std::byte*>(inputs[0]) + r * copy->pitch_bytes, copy->row_bytes);
        continue;
      }
      ++the_devices->kernels;
      if (the_devices->on_kernel) the_devices->on_kernel(step.op);
      try {
        step.launch.as<RemoteLaunch>()->run(inputs, outputs);
      } catch (const std::exception&) {
        return {ErrorCode::invalid_argument, "a remote kernel failed"};
      }
    }
    return {};
  }

 private:
  std::shared_ptr<const device::Segment> segment_;
  std::shared_ptr<std::byte> arena_;
};

class RemoteQueue final : public Queue {
 public:
  void run(std::shared_ptr<device::HostWork> work) override { thread_->run(std::move(work)); }
  void copy(const Region& to, const Region& from, std::size_t bytes) override {
    thread_->run(std::make_shared<Work>([=]() -> Status {
      ++the_devices->copies;
      std::memcpy(address(to), address(from), bytes);
      return {};
    }));
  }
  void run(Executable& executable, std::span<const Region> bindings) override {
    auto& remote = dynamic_cast<RemoteExecutable&>(executable);
    thread_->run(std::make_shared<Work>(
        [&remote, regions = std::vector<Region>(bindings.begin(), bindings.end())] { return remote.run(regions); }));
  }
  [[nodiscard]] std::shared_ptr<device::Event> record() override { return thread_->record(); }
  Status synchronize() noexcept override { return thread_->synchronize(); }

 private:
  std::unique_ptr<Queue> thread_ = device::create_thread_queue();
};

class RemoteDevice final : public Device {
 public:
  explicit RemoteDevice(const std::string& name) {
    target_.name = name;
    target_.kind = "remote";
    target_.fingerprint = "a remote device";
    target_.workers = 1;
  }
  [[nodiscard]] const device::Target& target() const noexcept override { return target_; }
  [[nodiscard]] std::shared_ptr<Memory> allocate(std::size_t bytes, MemoryKind kind) override {
    return std::make_shared<RemoteMemory>(shared_from_this(), bytes, kind);
  }
  [[nodiscard]] std::unique_ptr<Queue> create_queue() override { return std::make_unique<RemoteQueue>(); }
  [[nodiscard]] std::unique_ptr<Executable> load(std::shared_ptr<const device::Segment> segment,
                                                 const device::LoadOptions&) override {
    return std::make_unique<RemoteExecutable>(std::move(segment));
  }

 private:
  device::Target target_;
};

class RemoteBackend final : public device::Backend {
 public:
  [[nodiscard]] std::vector<DeviceInfo> list() override {
    std::vector<DeviceInfo> all;
    for (const char* name : {"remote:0", "remote:1"}) all.emplace_back().name = name;
    return all;
  }
  [[nodiscard]] std::shared_ptr<Device> open(const std::string& name) override {
    return name == "remote:0" || name == "remote:1" ? std::make_shared<RemoteDevice>(name) : nullptr;
  }
};

device::Launch prepare(const graph::Problem& problem) {
  RemoteLaunch launch;
  auto own = std::make_shared<graph::Problem>(problem);
  auto attributes = std::make_shared<graph::Attributes>(*problem.attributes);
  launch.run = [own, attributes](const std::vector<const void*>& inputs, const std::vector<void*>& outputs) {
    std::vector<graph::View> in, out;
    for (std::size_t k = 0; k < inputs.size(); ++k)
      in.push_back({own->inputs[k].dtype, own->inputs[k].dims, const_cast<void*>(inputs[k])});
    for (std::size_t k = 0; k < outputs.size(); ++k)
      out.push_back({own->outputs[k].dtype, own->outputs[k].dims, outputs[k]});
    own->op->reference({*attributes, in, out});
  };
  return launch;
}

std::string refuse(const graph::Problem& problem) {
  for (const auto* descs : {&problem.inputs, &problem.outputs})
    for (const graph::Desc& desc : *descs)
      if (desc.present() && !desc.dense()) return "takes dense tensors only";
  return {};
}

}  // namespace

class RemoteDevices::Source final : public compile::TacticSource {
 public:
  explicit Source(std::set<std::string> operators) : operators_(std::move(operators)) {}
  [[nodiscard]] std::span<const graph::Tactic> tactics(const graph::Operator& op) const override {
    static const graph::Tactic remote[] = {
        {.name = "remote_reference", .refuse = refuse, .prepare = prepare, .device = "remote"}};
    if (!operators_.contains(std::string(op.name))) return {};
    return remote;
  }

 private:
  std::set<std::string> operators_;
};

RemoteDevices::RemoteDevices(std::set<std::string> operators)
    : backend_(std::make_shared<RemoteBackend>()), source_(std::make_shared<Source>(std::move(operators))) {
  the_devices = this;
  device::add_backend(backend_);
  compile::add_tactic_source(source_);
}

RemoteDevices::~RemoteDevices() {
  compile::remove_tactic_source(*source_);
  device::remove_backend(*backend_);
  the_devices = nullptr;
}

}  // namespace vireo::testing
