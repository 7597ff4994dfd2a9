#include "engine/device/opencl/queue.h"

#include <algorithm>
#include <cstring>

#include "engine/base/text.h"
#include "engine/device/cpu/cpu_device.h"
#include "engine/device/opencl/executable.h"
#include "engine/device/opencl/faults.h"

namespace vireo::device::opencl {
namespace {

class OpenclEvent final : public Event {
 public:
  OpenclEvent(std::shared_ptr<OpenclDevice> device, EventHandle own, std::shared_ptr<Event> host,
              std::shared_ptr<ResidentWatch> residents)
      : device_(std::move(device)), own_(std::move(own)), host_(std::move(host)), residents_(std::move(residents)) {}
  Status wait() const noexcept override {
    const cl_event event = own_.get();
    Status status = status_of(clWaitForEvents(1, &event), "clWaitForEvents");
    if (status.ok()) status = residents_->check();
    const Status worked = host_ ? host_->wait() : Status{};
    return worked.ok() ? status : worked;
  }
  [[nodiscard]] bool done() const noexcept override {
    if (host_ && !host_->done()) return false;
    cl_int status = CL_QUEUED;
    clGetEventInfo(own_.get(), CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, nullptr);
    return status <= CL_COMPLETE;  // errors are negative
  }

 private:
  std::shared_ptr<OpenclDevice> device_;
  EventHandle own_;
  std::shared_ptr<Event> host_;  ///< the same point among the host's work; null where there is none
  std::shared_ptr<ResidentWatch> residents_;
};

/// Waits for the driver's queue to come here, works, and lets it go on.
class Meeting final : public HostWork {
 public:
  Meeting(std::shared_ptr<HostWork> work, EventHandle reached, EventHandle done)
      : work_(std::move(work)), reached_(std::move(reached)), done_(std::move(done)) {}
  Status run() noexcept override {
    const cl_event event = reached_.get();
    Status status = status_of(clWaitForEvents(1, &event), "clWaitForEvents");
    if (const Status own = work_->run(); status.ok()) status = own;
    work_.reset();
    // Even after an error: what was enqueued behind waits for it.
    if (const Status own = status_of(clSetUserEventStatus(done_.get(), CL_COMPLETE), "clSetUserEventStatus");
        status.ok())
      status = own;
    return status;
  }

 private:
  std::shared_ptr<HostWork> work_;
  EventHandle reached_, done_;
};

class HostCopy final : public HostWork {
 public:
  HostCopy(std::byte* to, const std::byte* from, std::size_t bytes) : to_(to), from_(from), bytes_(bytes) {}
  Status run() noexcept override {
    std::memcpy(to_, from_, bytes_);
    return {};
  }

 private:
  std::byte* to_;
  const std::byte* from_;
  std::size_t bytes_;
};

/// Of a region that the host can't see.
const OpenclMemory* device_memory(const Region& region) {
  const auto* memory = dynamic_cast<const OpenclMemory*>(region.memory);
  return memory && memory->kind() == MemoryKind::device ? memory : nullptr;
}

}  // namespace

void ResidentWatch::add(const std::shared_ptr<const PlanCounters>& counters) {
  const std::lock_guard lock(mutex_);
  if (unchecked_.empty()) since_ = std::chrono::steady_clock::now();
  if (std::find(unchecked_.begin(), unchecked_.end(), counters) == unchecked_.end()) unchecked_.push_back(counters);
}

void ResidentWatch::add(const std::shared_ptr<Faults>& faults) {
  const std::lock_guard lock(mutex_);
  if (std::find(faults_.begin(), faults_.end(), faults) == faults_.end()) faults_.push_back(faults);
}

Status ResidentWatch::check() noexcept {
  const std::lock_guard lock(mutex_);
  Status faulty;
  for (const auto& faults : faults_)
    if (Status found = faults->check(device_); faulty.ok()) faulty = std::move(found);
  // Others stay: runs may have been enqueued since.
  std::erase_if(faults_, [](const auto& faults) { return faults.use_count() == 1 && faults->idle(); });
  if (unchecked_.empty()) return faulty;
  // A run gives up two seconds after it began, so after the first of these was enqueued; a group alone at once.
  const bool can_have = device_.target().opencl.resident_groups == 1 ||
                        std::chrono::steady_clock::now() - since_ > std::chrono::milliseconds(1900);
  bool any = false;
  try {
    for (const auto& counters : unchecked_) any |= can_have && counters->gave_up(device_);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  unchecked_.clear();
  if (!any) return faulty;
  return {
      ErrorCode::internal,
      "a plan kernel gave up after two seconds: what one of its work-groups waited for did not come, since not all of "
      "them ran at the same time. Something else holds the device; VIREO_PLAN_KERNELS=0 launches kernels one by one"};
}

void OpenclQueue::watch(const std::shared_ptr<const PlanCounters>& counters) { residents_->add(counters); }
void OpenclQueue::watch(const std::shared_ptr<Faults>& faults) {
  faults->enqueue_read(own_.get());
  residents_->add(faults);
}

OpenclQueue::OpenclQueue(std::shared_ptr<OpenclDevice> device, QueueHandle own)
    : device_(std::move(device)), own_(std::move(own)), residents_(std::make_shared<ResidentWatch>(*device_)) {}

OpenclQueue::~OpenclQueue() {
  clFinish(own_.get());
  host_.reset();
}

void OpenclQueue::run(std::shared_ptr<HostWork> work) {
  cl_int code = CL_SUCCESS;
  EventHandle reached, done(clCreateUserEvent(device_->context(), &code));
  check(code, "clCreateUserEvent");
  check(clEnqueueMarkerWithWaitList(own_.get(), 0, nullptr, reached.out()), "clEnqueueMarkerWithWaitList");
  const cl_event event = done.get();
  const std::lock_guard lock(mutex_);
  if (!host_) host_ = create_thread_queue();
  has_work_ = true;
  check(clEnqueueBarrierWithWaitList(own_.get(), 1, &event, nullptr), "clEnqueueBarrierWithWaitList");
  // The driver's queue waits for it from here on: nothing may fail before it is handed over.
  host_->run(std::make_shared<Meeting>(std::move(work), std::move(reached), std::move(done)));
  check(clFlush(own_.get()), "clFlush");
}

void OpenclQueue::copy(const Region& to, const Region& from, std::size_t bytes) {
  const OpenclMemory *target = device_memory(to), *source = device_memory(from);
  if (target && source) {
    check(clEnqueueCopyBuffer(own_.get(), source->object(), target->object(), from.offset, to.offset, bytes, 0, nullptr,
                              event_for(StreamWork::Kind::copy, "copy", bytes)),
          "clEnqueueCopyBuffer");
  } else if (target) {
    check(clEnqueueWriteBuffer(own_.get(), target->object(), CL_FALSE, to.offset, bytes, from.host, 0, nullptr,
                               event_for(StreamWork::Kind::upload, "upload", bytes)),
          "clEnqueueWriteBuffer");
  } else if (source) {
    check(clEnqueueReadBuffer(own_.get(), source->object(), CL_FALSE, from.offset, bytes, to.host, 0, nullptr,
                              event_for(StreamWork::Kind::download, "download", bytes)),
          "clEnqueueReadBuffer");
  } else {
    run(std::make_shared<HostCopy>(to.host, from.host, bytes));
    return;
  }
  check(clFlush(own_.get()), "clFlush");
}

void OpenclQueue::run(Executable& executable, std::span<const Region> bindings) {
  dynamic_cast<OpenclExecutable&>(executable).enqueue(*this, bindings);
}

void OpenclQueue::trace() {
  check(clFinish(own_.get()), "clFinish");
  own_ = create_command_queue(device_->context(), device_->id(), true);
  trace_ = std::make_unique<QueueTrace>();
}

std::vector<StreamWork> OpenclQueue::traced() { return trace_ ? trace_->take() : std::vector<StreamWork>(); }

std::shared_ptr<Event> OpenclQueue::record() {
  EventHandle marker;
  check(clEnqueueMarkerWithWaitList(own_.get(), 0, nullptr, marker.out()), "clEnqueueMarkerWithWaitList");
  check(clFlush(own_.get()), "clFlush");
  const std::lock_guard lock(mutex_);
  return std::make_shared<OpenclEvent>(device_, std::move(marker), has_work_ ? host_->record() : nullptr, residents_);
}

Status OpenclQueue::synchronize() noexcept {
  // Not clFinish: others may go on enqueueing, and a marker is a point.
  EventHandle marker;
  Status status =
      status_of(clEnqueueMarkerWithWaitList(own_.get(), 0, nullptr, marker.out()), "clEnqueueMarkerWithWaitList");
  if (status.ok()) {
    const cl_event event = marker.get();
    status = status_of(clWaitForEvents(1, &event), "clWaitForEvents");
  }
  if (status.ok()) status = residents_->check();
  Queue* host = nullptr;
  {
    const std::lock_guard lock(mutex_);
    host = host_.get();
  }
  const Status worked = host ? host->synchronize() : Status{};
  return worked.ok() ? status : worked;
}

}  // namespace vireo::device::opencl
