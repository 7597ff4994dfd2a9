#pragma once
// OpenCL's C interface with owners for its handles and errors that say which call failed, by name, and what to do.
// Any thread. For this folder alone.

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <string>
#include <string_view>
#include <utility>

#include "engine/api/error.h"

namespace vireo::device::opencl {

/// "CL_OUT_OF_RESOURCES (-5)".
[[nodiscard]] std::string error_name(cl_int code);
[[nodiscard]] ErrorCode error_code(cl_int code) noexcept;
/// Throws Error naming the call, the code and what helps.
void check(cl_int code, std::string_view call);
/// For the hot path: logs the same and returns it as a Status.
[[nodiscard]] Status status_of(cl_int code, const char* call) noexcept;

/// One reference to an OpenCL object, released with its owner.
template <typename T, auto kRelease>
class Handle {
 public:
  Handle() noexcept = default;
  explicit Handle(T own) noexcept : own_(own) {}
  Handle(Handle&& other) noexcept : own_(std::exchange(other.own_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(own_, other.own_);
    return *this;
  }
  ~Handle() {
    if (own_) kRelease(own_);
  }
  [[nodiscard]] T get() const noexcept { return own_; }
  [[nodiscard]] T* out() noexcept { return &own_; }  ///< for calls that create it; must be empty
  [[nodiscard]] explicit operator bool() const noexcept { return own_ != nullptr; }

 private:
  T own_ = nullptr;
};

using ContextHandle = Handle<cl_context, clReleaseContext>;
using QueueHandle = Handle<cl_command_queue, clReleaseCommandQueue>;
using MemoryHandle = Handle<cl_mem, clReleaseMemObject>;
using ProgramHandle = Handle<cl_program, clReleaseProgram>;
using KernelHandle = Handle<cl_kernel, clReleaseKernel>;
using EventHandle = Handle<cl_event, clReleaseEvent>;

[[nodiscard]] std::string text_of(cl_platform_id platform, cl_platform_info what);
[[nodiscard]] std::string text_of(cl_device_id device, cl_device_info what);
template <typename T>
[[nodiscard]] T number_of(cl_device_id device, cl_device_info what) {
  T value{};
  check(clGetDeviceInfo(device, what, sizeof(value), &value, nullptr), "clGetDeviceInfo");
  return value;
}

}  // namespace vireo::device::opencl
