#include "engine/device/opencl/faults.h"

#include <algorithm>

#include "engine/api/log.h"
#include "engine/base/text.h"

namespace vireo::device::opencl {
namespace {

constexpr std::size_t kWords = 4;  // whether there is one, the index, the extent of its axis, nothing

}  // namespace

std::shared_ptr<Faults> Faults::of(OpenclDevice& device, const Segment& segment) {
  std::vector<std::string> names;
  for (std::size_t s = 0; s < segment.steps.size(); ++s)
    if (const auto* launch = segment.steps[s].launch.as<OpenclLaunch>())
      for (const OpenclKernel& kernel : launch->kernels)
        for (const OpenclArgument& argument : kernel.arguments)
          if (argument.kind == OpenclArgument::Kind::fault) {
            names.resize(segment.steps.size());
            names[s] = base::str(segment.steps[s].op, " '", segment.steps[s].layer, "'");
          }
  return names.empty() ? nullptr : std::make_shared<Faults>(device, std::move(names));
}

Faults::Faults(OpenclDevice& device, std::vector<std::string> names)
    : names_(std::move(names)),
      memory_(device.context(), names_.size() * kWords * sizeof(cl_int), CL_MEM_READ_WRITE),
      found_(names_.size() * kWords, 0) {
  device.clear(memory_);
}

std::size_t Faults::place_of(std::size_t step) const noexcept { return step * kWords * sizeof(cl_int); }

void Faults::enqueue_read(cl_command_queue queue) {
  const std::lock_guard lock(mutex_);
  read_ = {};
  opencl::check(clEnqueueReadBuffer(queue, get(), CL_FALSE, 0, found_.size() * sizeof(cl_int), found_.data(), 0,
                                    nullptr, read_.out()),
                "clEnqueueReadBuffer");
  opencl::check(clFlush(queue), "clFlush");
}

Status Faults::check(OpenclDevice& device) noexcept {
  const std::lock_guard lock(mutex_);
  for (std::size_t s = 0; s < names_.size(); ++s) {
    const cl_int* found = found_.data() + s * kWords;
    if (found[0] == 0) continue;
    try {
      log(LogLevel::error,
          base::str("OpenCL: ", names_[s], ": index ", found[1], " is outside an axis of ", found[2], " entries"));
    } catch (...) {  // no memory for the words
    }
    std::ranges::fill(found_, 0);
    if (const Status cleared =
            status_of(clEnqueueWriteBuffer(device.transfers(), get(), CL_TRUE, 0, found_.size() * sizeof(cl_int),
                                           found_.data(), 0, nullptr, nullptr),
                      "clEnqueueWriteBuffer");
        !cleared.ok())
      return cleared;
    return {ErrorCode::invalid_argument, "an index was outside of the axis that it counts; the log says which layer's"};
  }
  return {};
}

bool Faults::idle() const noexcept {
  const std::lock_guard lock(mutex_);
  cl_int status = CL_COMPLETE;
  if (read_) clGetEventInfo(read_.get(), CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, nullptr);
  return status <= CL_COMPLETE;  // errors are negative
}

}  // namespace vireo::device::opencl
