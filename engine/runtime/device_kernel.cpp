// A kernel of a program's own is a segment of one step all of whose tensors are bindings: what compiles and runs a
// network's kernels does the rest.

#include "engine/api/device_kernel.h"

#include <algorithm>
#include <typeinfo>
#include <vector>

#include "engine/base/caught.h"
#include "engine/base/text.h"
#include "engine/device/opencl/launch.h"
#include "engine/runtime/engine_state.h"

namespace vireo {

struct DeviceKernel::State {
  std::shared_ptr<device::Device> device;
  std::unique_ptr<device::Executable> executable;
  std::vector<device::Region> regions;
};

namespace {

device::Region region_of(const BufferPlace& place) {
  device::Memory* memory = place.buffer->memory().get();
  std::byte* host = place.buffer->data();
  return {memory, host ? host + place.offset : nullptr, place.offset};
}

std::shared_ptr<const device::Segment> segment_of(const DeviceKernelText& text) {
  device::OpenclLaunch launch;
  device::OpenclKernel& kernel = launch.kernels.emplace_back();
  kernel.source = text.source;
  kernel.options = text.options;
  kernel.entry = text.entry;
  kernel.local = text.group;
  auto segment = std::make_shared<device::Segment>();
  device::Step& step = segment->steps.emplace_back();
  for (std::size_t d = 0; d < 3; ++d) kernel.groups[d] = (text.items[d] + text.group[d] - 1) / text.group[d];
  for (int k = 0; k < text.places; ++k) {
    kernel.arguments.push_back({device::OpenclArgument::Kind::input, k});
    step.inputs.push_back({device::Place::In::binding, k, 0});
    segment->bindings.emplace_back();
    segment->outside.push_back(k);
  }
  step.layer = text.entry;
  step.op = "kernel";
  step.launch = std::move(launch);
  return segment;
}

}  // namespace

DeviceKernel::DeviceKernel(const Device& device, const DeviceKernelText& text) : state_(std::make_unique<State>()) {
  if (text.places < 0 || std::ranges::count(text.group, 0u) > 0)
    base::fail(ErrorCode::invalid_argument, "kernel '", text.entry, "': ", text.places, " places, groups of ",
               text.group[0], "x", text.group[1], "x", text.group[2], " items; accepted: none or more, and 1 or more");
  state_->device = device::open(device.name);
  if (state_->device->target().kind != "opencl")
    base::fail(ErrorCode::unsupported, "kernel '", text.entry, "': device '", state_->device->target().name,
               "' runs no OpenCL C; accepted: OpenCL devices, 'opencl:0'");
  const std::size_t items = text.group[0] * text.group[1] * text.group[2];
  const std::size_t most = state_->device->target().opencl.most_items;
  if (items > most)
    base::fail(ErrorCode::unsupported, "kernel '", text.entry, "': groups of ", items, " items; device '",
               state_->device->target().name, "' takes at most ", most);
  state_->executable = state_->device->load(segment_of(text), {});
  state_->regions.resize(static_cast<std::size_t>(text.places));
}

DeviceKernel::DeviceKernel(DeviceKernel&&) noexcept = default;
DeviceKernel& DeviceKernel::operator=(DeviceKernel&&) noexcept = default;
DeviceKernel::~DeviceKernel() = default;

Status DeviceKernel::enqueue(Stream& stream, std::span<const BufferPlace> places) noexcept {
  try {
    State& s = *state_;
    if (places.size() != s.regions.size())
      return {ErrorCode::invalid_argument, "a kernel was given more or fewer places than it has"};
    for (std::size_t k = 0; k < places.size(); ++k) {
      const device::Memory* memory = places[k].buffer->memory().get();
      if (!memory || memory->kind() != MemoryKind::device || memory->device() != s.device)
        return {ErrorCode::invalid_argument, "a kernel was given memory that is not its device's own"};
      s.regions[k] = region_of(places[k]);
    }
    stream.state().queue->run(*s.executable, s.regions);
    return {};
  } catch (const std::bad_cast&) {
    return {ErrorCode::invalid_argument, "a kernel was put into a stream of another kind of device"};
  } catch (...) {
    return base::caught("a kernel could not be enqueued; the log says why");
  }
}

Status enqueue_copy(Stream& stream, const BufferPlace& to, const BufferPlace& from, std::size_t bytes) noexcept {
  try {
    for (const BufferPlace* place : {&to, &from})
      if (place->offset > place->buffer->bytes() || bytes > place->buffer->bytes() - place->offset)
        return {ErrorCode::invalid_argument, "bytes to be copied don't lie inside of the buffers"};
    if (bytes) stream.state().queue->copy(region_of(to), region_of(from), bytes);
    return {};
  } catch (...) {
    return base::caught("a copy could not be enqueued; the log says why");
  }
}

}  // namespace vireo
