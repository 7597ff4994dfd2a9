// YOLOv8, YOLO11 and relatives, decoded in the graph: one column for each grid cell, [4 + classes + extras, N], of
// centre and size in network pixels, class probabilities, then what the task adds: keypoints (pose, x, y and maybe
// visibility), mask coefficients (segment: a second output holds the prototypes), an angle in radians (obb). The
// metadata that the usual exporter writes (task, names, kpt_shape) says which; without it the shapes do. Some exports
// are turned, one row a cell.

#include <algorithm>
#include <cmath>

#include "plugins/decode/families.h"
#include "plugins/decode/masks.h"
#include "plugins/decode/shared.h"
#include "plugins/decode/told.h"

namespace vireo::decode {
namespace {

constexpr sdk::ParamRow kRows[] = {
    {"class_count", "1..65536", "from the model", "rows of class scores"},
    {"keypoints", "0..512", "from the model", "keypoints of each box"},
    {"keypoint_values", "2|3", "from the model", "values of a keypoint: x, y and maybe visibility"},
    {"angle", "true|false", "from the model", "the last row is a rotation in radians"},
    {"transposed", "true|false", "from the model", "one row for each cell instead of one column"},
};

/// Fills in how the rows divide. COCO pose exports without metadata are known by 4 + 1 + 17 x 3 rows.
void read_rows(const sdk::ModelDescription& d, const Told& told, int rows, sdk::Params& settings) {
  const int masks = d.outputs.size() > 1 ? prototype_channels(d, 1) : 0;
  int points = told.keypoints, values = told.keypoint_values;
  if (points == 0 && told.task == "pose") {
    const int left = rows - 4 - int(std::max<std::size_t>(told.names, 1));
    values = left > 0 && left % 3 != 0 && left % 2 == 0 ? 2 : 3;
    points = std::max(0, left) / values;
  } else if (points == 0 && told.task.empty() && masks == 0 && rows == 56 && told.names <= 1) {
    points = 17;
  }
  const bool angle = told.task == "obb";
  const int classes = rows - 4 - points * values - masks - (angle ? 1 : 0);
  settings.set("class_count", std::to_string(std::max(classes, 1)));
  settings.set("keypoints", std::to_string(points));
  settings.set("keypoint_values", std::to_string(values));
  settings.set("angle", angle ? "true" : "false");
}

/// Rows of 4 + classes values, as many as a grid has cells.
bool is_turned(const Dims& dims, Size size, const Told& told, int masks) {
  const auto extras = std::int64_t(told.keypoints) * told.keypoint_values + masks + (told.task == "obb" ? 1 : 0);
  return told.names > 0 && dims[0] > dims[1] && dims[1] == 4 + std::int64_t(told.names) + extras &&
         !find_strides(size, dims[0]).empty();
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.empty() || d.outputs.size() > 2) return no_match("takes one output, two for segmentation");
  Dims dims = image_dims(d.outputs[0].dims);
  if (dims.size() != 2 || (dims[0] < 5 && dims[0] != kUnknown)) {
    return no_match("takes 4 + classes rows with one column a cell");
  }
  const int masks = prototype_channels(d, 1);
  if (d.outputs.size() == 2 && masks == 0) return no_match("the second output is no set of mask prototypes");
  const Size size = input_size(d);
  const Told told = told_by(d);
  const bool turned = is_turned(dims, size, told, masks);
  if (turned) std::swap(dims[0], dims[1]);
  if (dims[0] == kUnknown) return no_match("the number of rows is not known");
  const bool counted = size.known() && dims[1] != kUnknown;
  const bool grid = counted && !find_strides(size, dims[1]).empty();
  const bool sworn = !told.task.empty() && told.task != "classify" && dims[1] > 1000;
  const bool odd = counted && !grid && !sworn;
  if (odd && dims[1] <= dims[0]) return no_match("the number of columns is not that of grids of neighbouring strides");
  if (!counted && dims[1] != kUnknown && dims[1] <= dims[0]) return no_match("more rows than columns");
  sdk::Match m{.score = grid ? 0.9 : 0.5, .reason = "one column a grid cell"};
  if (odd) m = unlikely("the number of columns is not that of grids of neighbouring strides");
  if (turned) m = {.score = 0.95, .reason = "one row a grid cell, as wide as the metadata says", .settings = {}};
  read_rows(d, told, int(std::min<std::int64_t>(dims[0], 1 << 20)), m.settings);
  m.settings.set("transposed", turned ? "true" : "false");
  if (told.task == "obb") m.reason += ", with angles";
  if (masks > 0) m.reason += ", with mask coefficients";
  if (m.settings.text("keypoints") != "0") m.reason += ", with keypoints";
  return m;
}

class Yolov8 final : public sdk::Decoder {
 public:
  Yolov8(const sdk::ModelDescription& d, const sdk::Params& params)
      : classes_(int(params.integer("class_count", 1, 1, 65536))),
        keypoints_(int(params.integer("keypoints", 0, 0, 512))),
        values_(int(params.integer("keypoint_values", 3, 2, 3))),
        masks_(d.outputs.size() == 2 ? prototype_channels(d, 1) : 0),
        angle_(params.flag("angle", false)),
        transposed_(params.flag("transposed", false)),
        settings_(read_settings(d, params, {.score = 0.25f, .iou = 0.5f}, classes_)) {}

  [[nodiscard]] std::optional<sdk::CellFilter> filter() const override {
    sdk::CellFilter filter{.columns = !transposed_, .first_class = 4, .classes = classes_, .score = settings_.score};
    if (!angle_) filter.boxes = cell_boxes(settings_);
    return filter;
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    Dims dims = image_dims(tensor.dims);
    if (transposed_ && dims.size() == 2) std::swap(dims[0], dims[1]);
    const int needed = 4 + classes_ + keypoints_ * values_ + masks_ + (angle_ ? 1 : 0);
    if (dims.size() != 2 || dims[0] < needed || (masks_ > 0 && outputs.size() != 2)) {
      refuse_output("yolov8", tensor, "[" + std::to_string(needed) + " or more, cells]");
    }
    const auto count = std::size_t(dims[1]);
    const float* rows = floats(tensor, scratch_[0]);
    if (transposed_) rows = turned(rows, std::size_t(dims[0]), count);
    best_.resize(count);
    const float* scores = rows + 4 * count;
    if (count > 0) column_maxima(scores, std::size_t(classes_), count, best_.data());
    boxes_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      if (!(best_[i] >= settings_.score)) continue;
      const int id = column_class(scores, std::size_t(classes_), count, i);
      if (settings_.wants(id)) add(rows, count, i, id, rows + std::size_t(dims[0] - 1) * count);
    }
    const float* extras = rows + std::size_t(4 + classes_) * count;
    const std::size_t before = result.detections.size();
    finish(boxes_, settings_, geometry, result, [&](const Box& box, std::vector<sdk::Keypoint>& out) {
      for (int k = 0; k < keypoints_; ++k) {
        const float* at = extras + std::size_t(k * values_) * count + std::size_t(box.index);
        out.push_back({at[0], at[count], values_ == 3 ? at[2 * count] : 1.0f});
      }
    });
    if (masks_ == 0 || boxes_.empty()) return;
    const Prototypes prototypes = prototypes_of("yolov8", outputs[1], masks_, scratch_[1]);
    const float* coefficients = extras + std::size_t(keypoints_ * values_) * count;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      result.detections[before + i].mask =
          mask_of(prototypes, coefficients + boxes_[i].index, count, boxes_[i], geometry);
    }
  }

 private:
  const float* turned(const float* rows, std::size_t height, std::size_t count) {
    turned_.resize(height * count);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t r = 0; r < height; ++r) turned_[r * count + i] = rows[i * height + r];
    }
    return turned_.data();
  }

  void add(const float* rows, std::size_t count, std::size_t i, int id, const float* angles) {
    const float cx = rows[i], cy = rows[count + i], w = rows[2 * count + i], h = rows[3 * count + i];
    boxes_.push_back(
        {cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, best_[i], id, std::int64_t(i), angle_ ? angles[i] : 0.0f});
  }

  int classes_, keypoints_, values_, masks_;
  bool angle_, transposed_;
  Settings settings_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_[2], best_, turned_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Yolov8>(d, params);
}

}  // namespace

const sdk::DecoderRow kYolov8{"yolov8", "YOLOv8/11: decoded columns; boxes, turned boxes, pose keypoints, masks", match,
                              create, kRows};

}  // namespace vireo::decode
