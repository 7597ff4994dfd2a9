#pragma once
// One OpenCL device as the engine sees it: a context of its own, memory, queues, and the programs compiled for it. One
// in a process for each device (device/registry.cpp shares it). Any thread.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/device/device.h"
#include "engine/device/opencl/api.h"
#include "engine/device/opencl/launch.h"
#include "engine/device/opencl/resident_lock.h"

namespace vireo::device::opencl {

/// `timed`: the times of what it runs can be asked for, which makes it slower.
[[nodiscard]] QueueHandle create_command_queue(cl_context context, cl_device_id id, bool timed = false);

/// A compiled program.
class Program {
 public:
  Program(cl_context context, cl_device_id device, const OpenclKernel& kernel);
  /// From what binary() gave of an equal one. Throws Error where the driver refuses it.
  Program(cl_context context, cl_device_id device, const std::string& binary);
  [[nodiscard]] std::string binary() const;
  [[nodiscard]] cl_program get() const noexcept { return own_.get(); }

 private:
  ProgramHandle own_;
};

class Buffer;

class OpenclDevice final : public Device {
 public:
  OpenclDevice(std::string name, cl_platform_id platform, cl_device_id id);
  ~OpenclDevice() override;

  [[nodiscard]] const Target& target() const noexcept override { return target_; }
  [[nodiscard]] std::shared_ptr<Memory> allocate(std::size_t bytes, MemoryKind kind) override;
  [[nodiscard]] std::unique_ptr<Queue> create_queue() override;
  [[nodiscard]] std::unique_ptr<Executable> load(std::shared_ptr<const Segment> segment,
                                                 const LoadOptions& options) override;

  [[nodiscard]] cl_context context() const noexcept { return context_.get(); }
  [[nodiscard]] cl_device_id id() const noexcept { return id_; }
  [[nodiscard]] cl_command_queue transfers() const noexcept { return transfers_.get(); }  ///< for blocking calls
  /// What programs are known by.
  [[nodiscard]] static std::string text_of(const OpenclKernel& kernel);
  /// Null where it was not made yet.
  [[nodiscard]] std::shared_ptr<const Program> known_program(const std::string& text);
  /// Compiled of its source, or of a `binary` of it where that isn't empty and the driver takes it, and known from now
  /// on. Throws Error(unsupported) with the compiler's log.
  [[nodiscard]] std::shared_ptr<const Program> make_program(const OpenclKernel& kernel, const std::string& text,
                                                            const std::string& binary);
  /// Where the device has a memory object; 0 where it does not say. Blocks.
  [[nodiscard]] std::uint64_t address_of(cl_mem object);
  void clear(const Buffer& buffer);  ///< to zeros. Blocks
  /// A kernel whose groups wait for each other: after all others of its kind, whatever queues they are in.
  void enqueue_resident(cl_command_queue queue, cl_kernel kernel, std::size_t global, std::size_t local,
                        cl_event* event);
  /// A copy of these bytes in device memory, the same for everybody who asks for the same bytes of the same owner.
  [[nodiscard]] std::shared_ptr<const Buffer> constant(const std::shared_ptr<const void>& owner, const std::byte* data,
                                                       std::size_t bytes);

 private:
  struct KnownConstant {
    std::weak_ptr<const void> owner;
    std::weak_ptr<const Buffer> buffer;
    std::size_t bytes = 0;
  };

  cl_device_id id_ = nullptr;
  ContextHandle context_;
  QueueHandle transfers_;
  Target target_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Program>> programs_;  ///< by options and source
  std::map<const std::byte*, KnownConstant> constants_;
  std::mutex residents_;       ///< held while one is enqueued
  QueueHandle last_queue_;     ///< that had a resident kernel
  EventHandle last_resident_;  ///< that kernel; null while one queue has them all
  int turns_ = 0;              ///< so many more are kept since queues took turns
  ResidentLock lock_;          ///< against other processes
};

/// A memory object.
class Buffer {
 public:
  /// Throws Error(out_of_memory) naming the size.
  Buffer(cl_context context, std::size_t bytes, cl_mem_flags flags);
  [[nodiscard]] cl_mem get() const noexcept { return own_.get(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  MemoryHandle own_;
  std::size_t bytes_;
};

/// Memory of the device, or of the host where the device copies it by itself (pinned: mapped as long as it lives).
class OpenclMemory final : public Memory {
 public:
  OpenclMemory(std::shared_ptr<OpenclDevice> device, std::size_t bytes, MemoryKind kind);
  ~OpenclMemory() override;
  [[nodiscard]] MemoryKind kind() const noexcept override { return kind_; }
  [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }
  [[nodiscard]] std::byte* host() const noexcept override { return host_; }
  [[nodiscard]] const std::shared_ptr<Device>& device() const noexcept override { return device_; }
  [[nodiscard]] cl_mem object() const noexcept { return buffer_.get(); }
  /// No other memory of the process has or had it; handles and addresses are used again.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

 private:
  std::shared_ptr<Device> device_;
  std::uint64_t number_;
  cl_command_queue transfers_;
  Buffer buffer_;
  std::size_t bytes_;
  MemoryKind kind_;
  std::byte* host_ = nullptr;
};

}  // namespace vireo::device::opencl
