#pragma once
// Shows what was found: boxes with labels, masks, landmarks with their skeletons, class maps, classifications and a
// status line, blended straight into a frame's planes (NV12, I420, YUY2, UYVY, packed RGB of any order, grey), at a
// cost proportional to the pixels touched. Coordinates may be anything (outside, huge, NaN): what is not in the frame
// is not drawn. A Renderer owns its glyphs and scratch, is used by one thread at a time and allocates nothing once it
// has seen a few frames of one size.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/sdk/detection.h"
#include "plugins/sdk/frame.h"

namespace vireo::draw {

enum class ColourBy : std::uint8_t { object_class, track };
enum class Corner : std::uint8_t { top_left, top_right, bottom_left, bottom_right };

struct DrawStyle {
  int thickness = 0;  ///< of boxes and skeletons in pixels, up to 64; 0: by the frame's size
  int text_size = 0;  ///< height of a capital letter in pixels, 6 … 96; 0: by the frame's size
  bool boxes = true;
  bool labels = true;
  bool scores = true;  ///< in labels
  bool keypoints = true;
  bool maps = true;
  bool masks = true;    ///< of single detections
  bool classes = true;  ///< classifications of the whole frame, as lines of text
  ColourBy colour_by = ColourBy::object_class;
  float min_score = 0;  ///< draws only results with at least this score
  float min_keypoint_score = 0.3f;
  float fill = 0;             ///< opacity of the inside of boxes, 0 … 1
  float map_opacity = 0.45f;  ///< and of masks
  Corner status_corner = Corner::top_left;
  /// Pairs of keypoint numbers to connect. Empty: by their count (17: COCO pose, 21: hand, 4: the outline of a
  /// quadrangle).
  std::vector<std::pair<int, int>> skeleton;
};

class Renderer {
 public:
  explicit Renderer(DrawStyle style = {});
  ~Renderer();
  Renderer(Renderer&&) noexcept;
  Renderer& operator=(Renderer&&) noexcept;

  /// Draws `result` into `image`, whose planes must be writable although sdk::Image names them const. `status` is a
  /// line of text such as "30 fps  12.3 ms" (empty: none). Where result.width or height is set and differs from the
  /// image's, coordinates are scaled. Throws Error(invalid_argument) for an image that sdk::check_image refuses.
  void draw(const sdk::Image& image, const sdk::FrameResult& result, std::string_view status = {});

  [[nodiscard]] const DrawStyle& style() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::draw
