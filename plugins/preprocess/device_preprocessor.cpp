#include "plugins/preprocess/device_preprocessor.h"

#include <atomic>
#include <mutex>
#include <vector>

#include "plugins/preprocess/colour.h"
#include "plugins/preprocess/frame_block.h"
#include "plugins/preprocess/frame_source.h"

namespace vireo::preprocess {
namespace {

DeviceKernelText text_for(const sdk::InputSpec& spec) {
  check_spec(spec);
  DeviceKernelText text;
  text.source = frame_source();
  text.options = spec.dtype == DataType::float32   ? "-DT=float"
                 : spec.dtype == DataType::float16 ? "-DT=half"
                                                   : "-DT=uchar";
  text.entry = "frame_to_input";
  text.items = {std::size_t(spec.width), std::size_t(spec.height), 1};
  text.group = {32, 4, 1};
  text.places = 2;
  return text;
}

void check(const Status& status) {
  if (!status.ok()) throw Error(status.code(), std::string("a frame on its way to the device: ") + status.message());
}

}  // namespace

struct DevicePreprocessor::State {
  struct Place {
    FrameBlock block;
    Buffer pinned, device;
  };
  Device device;
  std::mutex mutex;  ///< of the kernel
  DeviceKernel kernel;
  std::vector<Place> places;
  std::atomic<std::size_t> bytes{0};
};

DevicePreprocessor::DevicePreprocessor(const Device& device, const sdk::InputSpec& spec, int images)
    : state_(new State{device, {}, DeviceKernel(device, text_for(spec)), {}, {}}) {
  state_->places.resize(std::size_t(images));
}

DevicePreprocessor::~DevicePreprocessor() = default;

sdk::Geometry DevicePreprocessor::run(const sdk::InputSpec& spec, const sdk::Image& frame, int image,
                                      const BufferPlace& input, Stream& stream) {
  State& s = *state_;
  State::Place& place = s.places[std::size_t(image)];
  const std::size_t bytes = place.block.plan(spec, frame);
  if (place.pinned.bytes() < bytes) {
    s.bytes -= place.device.bytes();
    place.pinned = Buffer::on(s.device, MemoryKind::pinned, bytes);
    place.device = Buffer::on(s.device, MemoryKind::device, bytes);
    s.bytes += bytes;
  }
  const sdk::Geometry geometry = place.block.write(spec, frame, place.pinned.data());
  const std::lock_guard lock(s.mutex);
  check(enqueue_copy(stream, {&place.device}, {&place.pinned}, bytes));
  const BufferPlace places[] = {{&place.device}, input};
  check(s.kernel.enqueue(stream, places));
  return geometry;
}

std::size_t DevicePreprocessor::memory_bytes() const noexcept { return state_->bytes; }

}  // namespace vireo::preprocess
