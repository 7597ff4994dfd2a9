#pragma once
// What the stages of a pipeline find in one frame and what trackers, drawing and publishers read. Results add up: each
// stage appends to the frame's result (merge_result) and leaves what earlier ones found. Plain values, any thread; the
// frame's result belongs to its holder.

#include <cstdint>
#include <string>
#include <vector>

namespace vireo::sdk {

struct Keypoint {
  float x = 0, y = 0;  ///< frame pixels
  float score = 1;     ///< 0..1; 1 where the model gives none
};

/// A statement about the whole frame, or about one detection (its colour, its make, its text).
struct Classification {
  int class_id = -1;
  std::string label;
  float score = 0;    ///< 0..1
  std::string stage;  ///< which stage says so; empty where stages have no names
};

/// Which part of a rectangle an object fills: cells of equal size, row-major.
struct Mask {
  float x = 0, y = 0, width = 0, height = 0;  ///< the rectangle, frame pixels; may reach over the frame's edge
  int columns = 0, rows = 0;                  ///< 0: no mask
  std::vector<std::uint8_t> cover;            ///< 0..255 for 0..1; from 128 on a cell belongs to the object
  [[nodiscard]] bool empty() const noexcept { return columns <= 0 || rows <= 0; }
};

/// One object. Coordinates are frame pixels (continuous: 0 is the left edge of the first pixel). Upright boxes are
/// clipped to the frame. Of a rotated box x, y, width and height are those it has before it is turned around its
/// centre; it may reach over the frame's edge.
struct Detection {
  float x = 0, y = 0, width = 0, height = 0;  ///< top-left corner and size
  float score = 0;                            ///< 0..1
  int class_id = -1;
  std::string label;                      ///< name of the class; "class 7" where none is known
  std::vector<Keypoint> keypoints{};      ///< landmarks, pose or plate corners, in the model's order
  float rotation = 0;                     ///< radians, clockwise, around the centre; 0 for upright boxes
  std::int64_t track_id = -1;             ///< given by a tracker; -1: none
  std::vector<Classification> classes{};  ///< what else is said of it, by whichever stage
  Mask mask{};
  int id = -1;        ///< its number in the frame, from 0, given by merge_result; stays when others are added or sorted
  int parent = -1;    ///< id of the detection that it belongs to (a plate: its car); -1: none
  std::string stage;  ///< which stage found it; empty where stages have no names
};

/// One value per cell over the whole frame: segmentation. Cells are row-major; the map covers the frame exactly.
struct ClassMap {
  int width = 0, height = 0;
  std::vector<std::uint8_t> class_ids;
  std::vector<float> scores;        ///< of the chosen class, 0..1; empty where the model gives none
  std::vector<std::string> labels;  ///< by class id; may be empty
  std::string stage{};
};

/// Something that happened: a line crossed, a zone entered, a dwell time passed.
struct Event {
  std::string kind;            ///< "line", "zone", … by the rule that saw it
  std::string name;            ///< of the line or zone
  std::string text;            ///< for people; may be empty
  std::int64_t track_id = -1;  ///< who; -1: nobody in particular
  int detection = -1;          ///< id of the detection; -1: none
  double value = 0;            ///< what the rule counts or measures
  std::string stage{};
};

/// All results of one frame.
struct FrameResult {
  std::string source_id;
  std::string uri{};  ///< file or address that the frame came from, for sources of pictures; may be empty
  std::uint64_t frame_index = 0;
  std::int64_t pts_ns = -1;             ///< stream time (from the beginning of the medium); -1: unknown
  std::int64_t utc_ns = -1;             ///< when it was captured, since 1970; -1: unknown
  int width = 0, height = 0;            ///< of the frame the coordinates refer to
  std::vector<Detection> detections;    ///< of each stage, best score first
  std::vector<Classification> classes;  ///< of each stage, best score first
  std::vector<ClassMap> maps;
  std::vector<Event> events;

  /// Forgets what was found and keeps the memory.
  void clear_results() {
    detections.clear();
    classes.clear();
    maps.clear();
    events.clear();
  }
  [[nodiscard]] bool empty() const noexcept {
    return detections.empty() && classes.empty() && maps.empty() && events.empty();
  }
  /// The detection of that id, or null.
  [[nodiscard]] const Detection* find(int id) const noexcept;
  /// The detections whose parent is `id`, in their order.
  [[nodiscard]] std::vector<const Detection*> children_of(int id) const;
};

/// Appends what `stage` found to `all`; `all` keeps its identity (source, index, times, size). Detections get ids that
/// are free in `all`; parents and events that name detections of `stage` by their ids follow, those that name
/// detections of `all` must have been given with ids that `stage` doesn't use itself. Coordinates are brought to the
/// size of `all` where the two differ and both are known.
void merge_result(FrameResult& all, FrameResult stage);

/// Gives every detection without an id one that is free.
void number_detections(FrameResult& result);

/// A map of the plane, from the pixels of one picture to those of another that shows (part of) it: turned, mirrored,
/// cropped, scaled.
struct Affine {
  double xx = 1, xy = 0, x0 = 0;  ///< x' = xx x + xy y + x0
  double yx = 0, yy = 1, y0 = 0;  ///< y' = yx x + yy y + y0
  [[nodiscard]] static Affine scale(double sx, double sy) noexcept { return {sx, 0, 0, 0, sy, 0}; }
  /// This map first, then `next`.
  [[nodiscard]] Affine then(const Affine& next) const noexcept;
  [[nodiscard]] bool is_identity() const noexcept {
    return xx == 1 && xy == 0 && x0 == 0 && yx == 0 && yy == 1 && y0 == 0;
  }
};

/// The result as it is in the other picture, of `width` x `height` pixels. Upright boxes are clipped to it, and
/// detections of which nothing is left go (their children and events stay, without them). Quarter turns and mirrorings
/// keep boxes upright and turn masks and maps exactly.
void transform_result(FrameResult& result, const Affine& map, int width, int height);

}  // namespace vireo::sdk
