#include "engine/device/opencl/queue_trace.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace vireo::device::opencl {
namespace {

double seconds_of(cl_event event, cl_profiling_info what) {
  cl_ulong nanoseconds = 0;
  check(clGetEventProfilingInfo(event, what, sizeof(nanoseconds), &nanoseconds, nullptr), "clGetEventProfilingInfo");
  return static_cast<double>(nanoseconds) * 1e-9;
}

}  // namespace

cl_event* QueueTrace::add(StreamWork::Kind kind, std::string_view name, std::size_t bytes) {
  auto entry = std::make_unique<Entry>();
  entry->work.kind = kind;
  entry->work.name = name;
  entry->work.bytes = bytes;
  entry->asked = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  const std::lock_guard lock(mutex_);
  entries_.push_back(std::move(entry));
  return entries_.back()->event.out();
}

std::vector<StreamWork> QueueTrace::take() {
  std::vector<std::unique_ptr<Entry>> entries;
  {
    const std::lock_guard lock(mutex_);
    entries.swap(entries_);
  }
  std::erase_if(entries, [](const auto& entry) { return !entry->event; });
  // No command is queued before the host asked for it, and some right after: the least difference is the clocks'.
  double ahead = std::numeric_limits<double>::infinity();
  for (const auto& entry : entries) {
    const cl_event event = entry->event.get();
    check(clWaitForEvents(1, &event), "clWaitForEvents");
    entry->work.queued = seconds_of(event, CL_PROFILING_COMMAND_QUEUED);
    entry->work.started = seconds_of(event, CL_PROFILING_COMMAND_START);
    entry->work.ended = seconds_of(event, CL_PROFILING_COMMAND_END);
    ahead = std::min(ahead, entry->work.queued - entry->asked);
  }
  std::vector<StreamWork> done;
  done.reserve(entries.size());
  for (const auto& entry : entries) {
    StreamWork& work = entry->work;
    for (double* time : {&work.queued, &work.started, &work.ended}) *time -= ahead;
    done.push_back(std::move(work));
  }
  return done;
}

}  // namespace vireo::device::opencl
