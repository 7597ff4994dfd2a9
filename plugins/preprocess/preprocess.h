#pragma once
// From a picture into an image slot of the network's input buffer: colour conversion, one resize, padding, channel
// order, normalisation and packing. A Preprocessor keeps scratch memory: one thread at a time; make one for each
// worker.

#include <memory>

#include "plugins/sdk/decoder.h"
#include "plugins/sdk/frame.h"
#include "plugins/sdk/geometry.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::preprocess {

/// Where a frame of this size lies in the input; defined to the pixel, see letterbox.cpp.
[[nodiscard]] sdk::Geometry place(const sdk::InputSpec& spec, int frame_width, int frame_height);

class Preprocessor {
 public:
  /// Throws Error(invalid_argument) for an impossible spec.
  explicit Preprocessor(const sdk::InputSpec& spec);
  ~Preprocessor();
  Preprocessor(Preprocessor&&) noexcept;
  Preprocessor& operator=(Preprocessor&&) noexcept;

  [[nodiscard]] const sdk::InputSpec& spec() const noexcept;
  /// Fills spec().image_bytes() bytes at `slot` and returns how the frame lies in them. Throws on a malformed image.
  sdk::Geometry run(const sdk::Image& image, void* slot);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::preprocess
