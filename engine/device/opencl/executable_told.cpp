// What an executable tells of its runs: tensors to an observer, seconds to a profile.

#include <algorithm>

#include "engine/device/opencl/executable.h"

namespace vireo::device::opencl {

/// Reads what the observer wants to see, as it is now.
void OpenclExecutable::tell(cl_command_queue queue, int step, std::span<const Region> bindings) {
  std::vector<std::byte> bytes;
  const auto show = [&](const Where& place, std::size_t size, int index) {
    const Where now = resolve(place, bindings);
    bytes.resize(std::max<std::size_t>(size, 1));
    if (size)
      check(clEnqueueReadBuffer(queue, now.object, CL_TRUE, now.offset, size, bytes.data(), 0, nullptr, nullptr),
            "clEnqueueReadBuffer");
    observer_({*segment_, step, index, bytes.data()});
  };
  if (step < 0) {
    for (std::size_t k = 0; k < segment_->bindings.size() && !segment_->bindings[k].output; ++k)
      show({nullptr, static_cast<std::int32_t>(k), 0}, segment_->bindings[k].bytes, static_cast<int>(k));
    return;
  }
  const Step& of = segment_->steps[static_cast<std::size_t>(step)];
  for (std::size_t k = 0; k < of.made.size(); ++k)
    if (of.made[k].tensor >= 0) show(where(of.outputs[k]), of.made[k].bytes, static_cast<int>(k));
}

std::span<const double> OpenclExecutable::step_seconds() const noexcept {
  std::fill(seconds_.begin(), seconds_.end(), 0.0);
  for (std::size_t c = 0; c < events_.size(); ++c) {
    const cl_event event = events_[c].get();
    cl_ulong begin = 0, end = 0;
    if (!event || clWaitForEvents(1, &event) != CL_SUCCESS) continue;
    clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(begin), &begin, nullptr);
    clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, nullptr);
    const double seconds = static_cast<double>(end - begin) * 1e-9;
    if (commands_[c].plan) commands_[c].plan->share(seconds, seconds_);
    else seconds_[commands_[c].step] += seconds;
  }
  return seconds_;
}

}  // namespace vireo::device::opencl
