// YOLOv8, YOLO11 and relatives, decoded in the graph: one column for each grid cell, [4 + classes + extras, N], of
// centre and size in network pixels, class probabilities, then what the task adds: keypoints (pose, x, y and maybe
// visibility), mask coefficients (segment: a second output holds the prototypes), an angle (obb). The metadata that the
// usual exporter writes (task, names, kpt_shape) says which; without it the shapes do.

#include <algorithm>
#include <cmath>

#include "plugins/decode/families.h"
#include "plugins/decode/labels.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr int kStrides[] = {8, 16, 32, 64};
constexpr sdk::ParamRow kRows[] = {
    {"class_count", "1..65536", "from the model", "rows of class scores"},
    {"keypoints", "0..512", "from the model", "keypoints of each box"},
    {"keypoint_values", "2|3", "from the model", "values of a keypoint: x, y and maybe visibility"},
    {"angle", "true|false", "from the model", "the last row is a rotation in radians"},
};

bool anchor_free(Size size, std::int64_t columns) {
  for (const std::size_t count : {3u, 4u}) {
    if (grid_cells(size, std::span(kStrides, count)) == columns) return true;
  }
  return false;
}

std::string fact(const sdk::ModelDescription& d, const char* key) {
  const auto found = d.metadata.find(key);
  return found == d.metadata.end() ? std::string() : found->second;
}

/// The numbers of "[17, 3]".
std::vector<double> numbers_in(std::string text) {
  std::erase_if(text, [](char c) { return c == '[' || c == ']' || c == '(' || c == ')'; });
  return sdk::Params{{"kpt_shape", text}}.numbers("kpt_shape");
}

/// Fills in how the rows divide. COCO pose exports without metadata are known by 4 + 1 + 17 x 3 rows.
void read_rows(const sdk::ModelDescription& d, int rows, sdk::Params& settings) {
  const int masks = d.outputs.size() > 1 ? int(std::max<std::int64_t>(image_dims(d.outputs[1].dims)[0], 0)) : 0;
  const std::string task = fact(d, "task");
  const auto shape = numbers_in(fact(d, "kpt_shape"));
  int points = 0, values = 3;
  if (shape.size() == 2 && shape[0] >= 0 && shape[0] <= 512 && (shape[1] == 2 || shape[1] == 3)) {
    points = int(shape[0]);
    values = int(shape[1]);
  } else if (task == "pose" || (task.empty() && masks == 0 && rows == 56)) {
    points = std::max(0, rows - 5) / values;
  }
  const bool angle = task == "obb";
  const int extras = points * values + masks + (angle ? 1 : 0);
  const auto names = parse_names(fact(d, "names"));
  int classes = rows - 4 - extras;
  if (!names.empty() && int(names.size()) <= rows - 4) classes = int(names.size());
  settings.set("class_count", std::to_string(std::max(classes, 1)));
  settings.set("keypoints", std::to_string(points));
  settings.set("keypoint_values", std::to_string(values));
  settings.set("angle", angle ? "true" : "false");
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.empty() || d.outputs.size() > 2) return no_match("takes one output, two for segmentation");
  const Dims dims = image_dims(d.outputs[0].dims);
  if (dims.size() != 2 || dims[0] < 5) return no_match("takes 4 + classes rows with one column a cell");
  if (d.outputs.size() == 2 && image_dims(d.outputs[1].dims).size() != 3) {
    return no_match("the second output is no set of mask prototypes");
  }
  const Size size = input_size(d);
  const bool counted = size.known() && dims[1] != kUnknown;
  if (counted && !anchor_free(size, dims[1])) {
    return no_match("the number of columns is not that of the grids of strides 8, 16, 32");
  }
  if (!counted && dims[1] != kUnknown && dims[1] <= dims[0]) return no_match("more rows than columns");
  sdk::Match m{.score = counted ? 0.9 : 0.5, .reason = "one column a grid cell"};
  read_rows(d, int(dims[0]), m.settings);
  return m;
}

class Yolov8 final : public sdk::Decoder {
 public:
  Yolov8(const sdk::ModelDescription& d, const sdk::Params& params)
      : classes_(int(params.integer("class_count", 1, 1, 65536))),
        keypoints_(int(params.integer("keypoints", 0, 0, 512))),
        values_(int(params.integer("keypoint_values", 3, 2, 3))),
        angle_(params.flag("angle", false)),
        settings_(read_settings(d, params, {.score = 0.25f, .iou = 0.5f}, classes_)) {}

  [[nodiscard]] std::optional<sdk::CellFilter> filter() const override {
    return sdk::CellFilter{.columns = true, .first_class = 4, .classes = classes_, .score = settings_.score};
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const Dims dims = image_dims(tensor.dims);
    const int needed = 4 + classes_ + keypoints_ * values_ + (angle_ ? 1 : 0);
    if (dims.size() != 2 || dims[0] < needed) {
      refuse_output("yolov8", tensor, "[" + std::to_string(needed) + " or more, cells]");
    }
    const float* rows = floats(tensor, scratch_);
    const auto count = std::size_t(dims[1]);
    best_.resize(count);
    const float* scores = rows + 4 * count;
    column_maxima(scores, std::size_t(classes_), count, best_.data());
    boxes_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      if (!(best_[i] >= settings_.score)) continue;
      const int id = column_class(scores, std::size_t(classes_), count, i);
      if (settings_.wants(id)) add(rows, count, i, id, rows + std::size_t(dims[0] - 1) * count);
    }
    const float* points = rows + std::size_t(4 + classes_) * count;
    finish(boxes_, settings_, geometry, result, [&](const Box& box, std::vector<sdk::Keypoint>& out) {
      for (int k = 0; k < keypoints_; ++k) {
        const float* at = points + std::size_t(k * values_) * count + std::size_t(box.index);
        out.push_back({at[0], at[count], values_ == 3 ? at[2 * count] : 1.0f});
      }
    });
  }

 private:
  void add(const float* rows, std::size_t count, std::size_t i, int id, const float* angles) {
    const float cx = rows[i], cy = rows[count + i];
    float w = rows[2 * count + i], h = rows[3 * count + i];
    if (angle_) {  // the upright rectangle around the rotated one
      const float c = std::abs(std::cos(angles[i])), s = std::abs(std::sin(angles[i]));
      const float width = w * c + h * s;
      h = w * s + h * c;
      w = width;
    }
    boxes_.push_back({cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, best_[i], id, std::int64_t(i)});
  }

  int classes_, keypoints_, values_;
  bool angle_;
  Settings settings_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_, best_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Yolov8>(d, params);
}

}  // namespace

const sdk::DecoderRow kYolov8{"yolov8", "YOLOv8/11: decoded columns; boxes, pose keypoints", match, create, kRows};

}  // namespace vireo::decode
