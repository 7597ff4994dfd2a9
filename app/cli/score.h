#pragma once
// Average precision of detections against ground truth, for the demo. One thread at a time.
// AP as in the PASCAL VOC definition since 2010: area under the precision envelope over recall; mAP its mean over
// classes.

#include <map>
#include <string>
#include <vector>

#include "plugins/sdk/detection.h"

namespace vireo::cli {

class Score {
 public:
  explicit Score(float iou_threshold) : threshold_(iou_threshold) {}
  /// One frame. Truth with score 0 is neither hit nor miss: detections on it are ignored.
  void add(const sdk::FrameResult& found, const sdk::FrameResult& truth);

  struct ClassScore {
    std::string label;
    int objects = 0;
    double average_precision = 0;
  };
  [[nodiscard]] std::vector<ClassScore> by_class() const;  ///< classes with at least one object
  [[nodiscard]] double mean() const;                       ///< mAP; 0 when there was no object
  [[nodiscard]] int frames() const { return frames_; }

 private:
  struct Mark {
    float score;
    bool hit;
  };
  struct Class {
    int objects = 0;
    std::vector<Mark> marks;
  };
  float threshold_;
  int frames_ = 0;
  std::map<std::string, Class> classes_;
};

}  // namespace vireo::cli
