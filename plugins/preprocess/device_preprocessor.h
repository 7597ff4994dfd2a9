#pragma once
// Frames into a network's input on a device whose memory the host can't see: they go up as they are, one copy of pinned
// memory each, and one kernel converts, resizes, pads, normalises and packs them there (frame_block.h). Nothing here
// waits for the device but the first frame of a larger size than before, which takes new memory.

#include <memory>

#include "engine/api/device_kernel.h"
#include "plugins/sdk/frame.h"
#include "plugins/sdk/geometry.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::preprocess {

class DevicePreprocessor {
 public:
  /// For `images` images of a batch whose size and type `spec` gives. Throws Error where the device can't.
  DevicePreprocessor(const Device& device, const sdk::InputSpec& spec, int images);
  ~DevicePreprocessor();

  /// Adds to the stream what writes the frame to `input`, where image `image` begins. Its frame of the last run must be
  /// through. Threads may call for different images at once. Styles may differ from frame to frame; size, layout and
  /// type are the network's. Throws Error on a malformed frame, and what the device says.
  sdk::Geometry run(const sdk::InputSpec& spec, const sdk::Image& frame, int image, const BufferPlace& input,
                    Stream& stream);
  [[nodiscard]] std::size_t memory_bytes() const noexcept;  ///< on the device, and as much on the host

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::preprocess
