#pragma once
// What the decoder families share: reading options and shapes, collecting boxes, suppressing duplicates, writing
// results. Everything here belongs to one decoder and one thread; the free functions are pure.

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/error.h"
#include "plugins/sdk/decoder.h"

namespace vireo::decode {

// ---- options -------------------------------------------------------------------------------------------------------

/// Values of the common options.
struct Settings {
  float score = 0.25f;
  float iou = 0.45f;
  std::size_t max_detections = 300;
  bool agnostic = false;            ///< suppress across classes
  std::vector<std::string> labels;  ///< by class id; may be empty
  std::vector<char> wanted;         ///< by class id; empty: all
  std::string fallback_label;       ///< name of class 0 in one-class families ("face")

  [[nodiscard]] bool wants(int class_id) const {
    return wanted.empty() || (std::size_t(class_id) < wanted.size() && wanted[std::size_t(class_id)] != 0);
  }
  [[nodiscard]] std::string label(int class_id) const;
};

/// Defaults that differ from family to family.
struct Defaults {
  float score = 0.25f;
  float iou = 0.45f;
  std::string_view only_label;  ///< of class 0 where the model has one class and no names
};

/// Reads score, iou, max_detections, agnostic, labels and classes. `class_count` -1: unknown. Labels come from the
/// option, else the model's metadata, else well-known sets of that size.
[[nodiscard]] Settings read_settings(const sdk::ModelDescription& description, const sdk::Params& params,
                                     const Defaults& defaults, int class_count);

// ---- shapes --------------------------------------------------------------------------------------------------------

/// The shape of one image: without the leading batch extent where there are three axes or more.
[[nodiscard]] Dims image_dims(const Dims& dims);
struct Size {
  int width = 0, height = 0;
  [[nodiscard]] bool known() const noexcept { return width > 0 && height > 0; }
};
/// True when some input has four axes with 1 or 3 channels, or with all but the batch open.
[[nodiscard]] bool takes_pictures(const sdk::ModelDescription& description);
/// Size of the first input that looks like a picture; 0x0 where it is open.
[[nodiscard]] Size input_size(const sdk::ModelDescription& description);
[[nodiscard]] inline int cells(int extent, int stride) noexcept { return (extent + stride - 1) / stride; }
/// Grid cells of all strides together.
[[nodiscard]] std::int64_t grid_cells(Size size, std::span<const int> strides);
/// The strides of a head with `per_cell` rows for each cell of two to five neighbouring strides from 4 to 128, fine to
/// coarse; the usual 8, 16, 32 wins where several fit. Empty: `rows` is not that of any.
[[nodiscard]] std::vector<int> find_strides(Size size, std::int64_t rows, int per_cell = 1);
/// True for equal extents; an unknown one equals everything.
[[nodiscard]] inline bool fits(std::int64_t a, std::int64_t b) noexcept {
  return a == kUnknown || b == kUnknown || a == b;
}
/// True when the operator is among the last ones before the output; nothing when the description has no tails.
[[nodiscard]] std::optional<bool> tail_has(const sdk::ModelDescription& description, std::size_t output,
                                           std::string_view op);
[[nodiscard]] std::optional<bool> tail_has_any(const sdk::ModelDescription& description, std::size_t output,
                                               std::span<const std::string_view> ops);

/// What turns a graph's last values into probabilities, as far as the graph shows it: the nearest operator before the
/// output that is not about shapes. Nothing when the description has no tail for the output.
enum class Activation : std::uint8_t { none, sigmoid, softmax };
[[nodiscard]] std::optional<Activation> last_activation(const sdk::ModelDescription& description, std::size_t output);

[[nodiscard]] sdk::Match no_match(std::string reason);
/// A family that could read the outputs, but only if the user says so.
[[nodiscard]] sdk::Match unlikely(std::string reason, sdk::InputStyle input = {});
[[noreturn]] void refuse_output(std::string_view family, const sdk::TensorView& tensor, const std::string& accepted);

// ---- values --------------------------------------------------------------------------------------------------------

/// The tensor's elements as float32: its own memory where it is float32, else converted into `scratch`.
[[nodiscard]] const float* floats(const sdk::TensorView& tensor, std::vector<float>& scratch);
[[nodiscard]] std::size_t count_of(const sdk::TensorView& tensor);

[[nodiscard]] inline float sigmoid(float x) noexcept { return 1.0f / (1.0f + std::exp(-x)); }
/// exp(x) to about one unit in the last place; by exact steps in a fixed order, so that devices (suppress.cl) get the
/// same.
[[nodiscard]] float exponential(float x) noexcept;
/// The raw value whose sigmoid is `p`; infinities at the ends.
[[nodiscard]] inline float logit(float p) noexcept { return std::log(p / (1.0f - p)); }
/// In place; stable for any finite input.
void softmax(float* values, std::size_t count) noexcept;
/// True when every value lies in [0, 1] (with rounding to spare): probabilities rather than logits.
[[nodiscard]] bool are_probabilities(const float* values, std::size_t count) noexcept;

// ---- boxes ---------------------------------------------------------------------------------------------------------

/// A candidate in network pixels. `index` is the family's own: where to find its keypoints. With an angle (radians,
/// clockwise) the corners are those before the box is turned around its centre.
struct Box {
  float x1, y1, x2, y2, score;
  int class_id;
  std::int64_t index;
  float angle = 0;
};

/// Of the turned boxes where there is an angle: the area of the polygon that both cover, by that of their union.
[[nodiscard]] float intersection_over_union(const Box& a, const Box& b) noexcept;

/// Greedy non-maximum suppression: sorts by score and keeps boxes that overlap no kept box (of their class, unless
/// agnostic) by more than `iou`, at most `max_kept`. Candidates beyond the best 4096 are not looked at.
void suppress(std::vector<Box>& boxes, float iou, bool agnostic, std::size_t max_kept);

/// Greatest value of each column of a [classes, count] matrix. Few columns matter, so their class is looked up after.
void column_maxima(const float* scores, std::size_t classes, std::size_t count, float* best);
/// Class of a column's greatest value, first of equals.
[[nodiscard]] int column_class(const float* scores, std::size_t classes, std::size_t count, std::size_t column);
/// Index of the greatest of `count` values; first of equals. 0 for an empty range.
[[nodiscard]] inline int best_of(const float* values, int count) noexcept {
  int best = 0;
  for (int i = 1; i < count; ++i) best = values[i] > values[best] ? i : best;
  return best;
}

/// True when one of the values reaches the threshold; written so that it vectorises.
[[nodiscard]] inline bool any_reaches(const float* values, int count, float threshold) noexcept {
  int any = 0;
  for (int i = 0; i < count; ++i) any |= int(values[i] >= threshold);
  return any != 0;
}

/// Writes a box's keypoints, in network pixels, to `keypoints`; may be empty.
using KeypointReader = std::function<void(const Box& box, std::vector<sdk::Keypoint>& keypoints)>;

/// What a device needs for suppressing as finish() does. Borrows the settings.
[[nodiscard]] sdk::CellBoxes cell_boxes(const Settings& settings);

/// Suppresses duplicates and appends what remains to the result in frame pixels, clipped unless they have an angle.
/// Boxes that are not finite or lie outside the frame are dropped. `nms` false: boxes are final, only sorted and
/// limited. Leaves in `boxes` those that were appended, in the same order.
void finish(std::vector<Box>& boxes, const Settings& settings, const sdk::Geometry& geometry, sdk::FrameResult& result,
            const KeypointReader& keypoints = {}, bool nms = true);

}  // namespace vireo::decode
