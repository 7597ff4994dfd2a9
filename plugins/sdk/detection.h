#pragma once
// What a decoder finds in one frame and what trackers, drawing and publishers read. Plain values, any thread; the
// frame's result belongs to its holder.

#include <cstdint>
#include <string>
#include <vector>

namespace vireo::sdk {

struct Keypoint {
  float x = 0, y = 0;  ///< frame pixels
  float score = 1;     ///< 0..1; 1 where the model gives none
};

/// One object. Coordinates are frame pixels (continuous: 0 is the left edge of the first pixel), clipped to the frame.
struct Detection {
  float x = 0, y = 0, width = 0, height = 0;  ///< top-left corner and size
  float score = 0;                            ///< 0..1
  int class_id = -1;
  std::string label;                ///< name of the class; "class 7" where none is known
  std::vector<Keypoint> keypoints;  ///< landmarks, pose or plate corners, in the model's order
  float rotation = 0;               ///< radians, clockwise, around the centre; 0 for upright boxes
  std::int64_t track_id = -1;       ///< given by a tracker; -1: none
};

/// A statement about the whole frame (or region).
struct Classification {
  int class_id = -1;
  std::string label;
  float score = 0;  ///< 0..1
};

/// One value per cell over the whole frame: segmentation. Cells are row-major; the map covers the frame exactly.
struct ClassMap {
  int width = 0, height = 0;
  std::vector<std::uint8_t> class_ids;
  std::vector<float> scores;        ///< of the chosen class, 0..1; empty where the model gives none
  std::vector<std::string> labels;  ///< by class id; may be empty
};

/// All results of one frame.
struct FrameResult {
  std::string source_id;
  std::uint64_t frame_index = 0;
  std::int64_t pts_ns = -1;             ///< -1: unknown
  int width = 0, height = 0;            ///< of the frame the coordinates refer to
  std::vector<Detection> detections;    ///< best score first
  std::vector<Classification> classes;  ///< best score first
  std::vector<ClassMap> maps;

  /// Forgets what was found and keeps the memory.
  void clear_results() {
    detections.clear();
    classes.clear();
    maps.clear();
  }
};

}  // namespace vireo::sdk
