#pragma once
// From a picture into an image slot of the network's input buffer: colour conversion, one resize, padding, channel
// order, normalisation and packing, in one pass over the rows of the input. A Preprocessor keeps tables and scratch
// memory: one thread at a time; make one for each worker.

#include <array>
#include <functional>
#include <memory>

#include "plugins/sdk/decoder.h"
#include "plugins/sdk/frame.h"
#include "plugins/sdk/geometry.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::preprocess {

/// Where a frame of this size lies in the input; defined to the pixel, see letterbox.cpp.
[[nodiscard]] sdk::Geometry place(const sdk::InputSpec& spec, int frame_width, int frame_height);

/// Calls body(0) … body(parts - 1), each once, from threads as it likes, and returns when all have returned.
using Parallel = std::function<void(int parts, const std::function<void(int)>& body)>;

/// What lies around the picture in a slot that only Preprocessors write to. Its owner keeps it, so that what is there
/// already need not be written again: for a wide frame in a square input that is nearly half.
struct Padding {
  int x = 0, y = 0, width = 0, height = 0;  ///< rectangle of the picture; 0 wide: nothing is known
  std::array<float, 3> values{};            ///< for each channel
  bool operator==(const Padding&) const = default;
};

class Preprocessor {
 public:
  /// Throws Error(invalid_argument) for an impossible spec.
  explicit Preprocessor(const sdk::InputSpec& spec);
  ~Preprocessor();
  Preprocessor(Preprocessor&&) noexcept;
  Preprocessor& operator=(Preprocessor&&) noexcept;

  [[nodiscard]] const sdk::InputSpec& spec() const noexcept;
  /// Fills spec().image_bytes() bytes at `slot` and returns how the frame lies in them. Throws on a malformed image.
  /// With `parallel`, groups of rows are its parts; without, all is done by this thread. `known`: what the slot holds.
  sdk::Geometry run(const sdk::Image& image, void* slot, const Parallel& parallel = {}, Padding* known = nullptr);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::preprocess
