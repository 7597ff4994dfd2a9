#pragma once
// A synthetic street seen from above, with exact ground truth: cars, trucks, bicycles and pedestrians on streets whose
// layout, colours, light and traffic follow from a seed. A frame is a pure function of (options, frame index): frames
// can be rendered in any order, and the same index gives the same pixels. The demo, the tests and the training of the
// demo model draw from it. One Scene is used by one thread at a time (it owns scratch planes); make one Scene for each
// thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace vireo::scene {

struct SceneOptions {
  int width = 640;           ///< pixels, 32 … 8192
  int height = 480;          ///< pixels, 32 … 8192
  std::uint64_t seed = 1;    ///< layout, colours and traffic
  double fps = 30.0;         ///< frames in a second of the scene's time, 0.1 … 1000
  double day_seconds = 180;  ///< from noon over dusk back to noon, in the scene's time
  float noise = 1.0f;        ///< sensor noise; 0 is none, 1 looks like a good camera
};

enum class ObjectClass : int { car = 0, truck = 1, bicycle = 2, pedestrian = 3 };
inline constexpr int kClassCount = 4;
/// The names in the order of ObjectClass.
const char* class_name(ObjectClass object_class);

/// An object of which a smaller share is visible is marked `ignore`: no detector should have to find it.
inline constexpr float kIgnoreBelow = 0.35f;

/// The truth about one object of a frame.
struct SceneObject {
  std::uint32_t id = 0;  ///< stays with the object from frame to frame
  ObjectClass object_class = ObjectClass::car;
  /// The extent of the pixels that show the object (a rider belongs to the bicycle, a shadow to no object), in pixels
  /// of the frame: the left edge of the first such column, the top edge of the first such row.
  float x = 0, y = 0, width = 0, height = 0;
  float visible = 0;    ///< pixels seen / pixels of the whole object, [0, 1]: the rest is hidden or outside the frame
  float heading = 0;    ///< radians, clockwise from the frame's right
  bool ignore = false;  ///< visible < kIgnoreBelow: neither a hit nor a miss when a detector is scored
};

enum class PixelOrder { bgr, rgb, bgrx, rgbx };
/// 3 or 4.
int bytes_per_pixel(PixelOrder order);

class Scene {
 public:
  /// Throws std::invalid_argument for sizes and rates outside the ranges above. Paints the static layers once: some
  /// tens of milliseconds at 640x480.
  explicit Scene(const SceneOptions& options);
  ~Scene();
  Scene(Scene&&) noexcept;
  Scene& operator=(Scene&&) noexcept;

  /// Draws frame `index` (any, also negative) into `pixels`: `height` rows of `stride` bytes, each at least
  /// width * bytes_per_pixel(order). The fourth byte of bgrx and rgbx becomes 255. Returns the truth of this frame; it
  /// stays valid until the next call. Allocates nothing after the first frames.
  const std::vector<SceneObject>& render(std::int64_t index, std::uint8_t* pixels, std::ptrdiff_t stride,
                                         PixelOrder order = PixelOrder::bgr);

  [[nodiscard]] const SceneOptions& options() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::scene
