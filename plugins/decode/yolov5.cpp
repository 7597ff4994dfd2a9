// YOLOv5 and its relatives (v3, v4, v7 exports), decoded in the graph: rows [N, 4+1+classes] of centre, size (network
// pixels, or parts of the input), objectness and class probabilities; three anchors a cell at neighbouring strides, or
// one a cell in decoded anchor-free exports (YOLOv6, YOLOX with decoding). Face and plate variants put keypoints (x, y
// pairs) between objectness and classes, YOLOv7's pose puts them (x, y, score) behind the classes: their columns are
// the only ones past 4 that follow the boxes' centres. Segmentation has mask coefficients behind the classes and the
// prototypes in a second output.

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/masks.h"
#include "plugins/decode/shared.h"
#include "plugins/decode/told.h"

namespace vireo::decode {
namespace {

constexpr std::string_view kDecodingOps[] = {"Exp", "Pow", "Mul", "Add", "Sub", "Div"};
constexpr sdk::ParamRow kRows[] = {
    {"keypoints", "auto | 0..64", "auto", "keypoints (x, y pairs) between objectness and classes"},
    {"normalized", "auto|true|false", "auto", "coordinates are parts of the input, not pixels"},
};

/// 3: anchors, 1: anchor-free, 0: the count fits neither.
int anchors_per_cell(Size size, std::int64_t rows) {
  for (const int per_cell : {3, 1}) {
    if (!find_strides(size, rows, per_cell).empty()) return per_cell;
  }
  return 0;
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.empty()) return no_match("takes rows of 5 + classes values");
  const Dims dims = image_dims(d.outputs[0].dims);
  if (dims.size() != 2 || dims[1] < 6) return no_match("takes rows of 5 + classes values");
  for (std::size_t i = 1; i < d.outputs.size(); ++i) {  // raw heads next to the decoded rows are ignored
    if (image_dims(d.outputs[i].dims).size() < 3) return no_match("the other outputs are no raw heads");
  }
  const auto decoded = tail_has_any(d, 0, kDecodingOps);
  if (decoded && !*decoded) return no_match("rows are not decoded in the graph");
  const Size size = input_size(d);
  if (!size.known() || dims[0] == kUnknown) {
    return {.score = decoded ? 0.45 : 0.3, .reason = "rows of 5 + classes values, count unknown"};
  }
  const int anchors = anchors_per_cell(size, dims[0]);
  if (anchors == 0) return no_match("the number of rows is not that of grids of neighbouring strides");
  const Told told = told_by(d);
  const double sure = anchors == 3 ? 0.9 : decoded ? 0.85 : 0.5;
  // Only rows that fall short of the classes named speak against it: what is over may be keypoints.
  const bool short_of = told.names > 0 && dims[1] < 5 + std::int64_t(told.names);
  return {.score = short_of ? sure / 2 : sure,
          .reason = anchors == 3 ? "three rows a grid cell" : "one decoded row a grid cell"};
}

/// How the columns past the objectness divide.
struct Columns {
  int first_class = 5, classes = 1, first_point = 5, points = 0, step = 2;
};

class Yolov5 final : public sdk::Decoder {
 public:
  Yolov5(const sdk::ModelDescription& d, const sdk::Params& params) : description_(d), params_(params) {
    const Dims dims = d.outputs.empty() ? Dims{} : image_dims(d.outputs[0].dims);
    masks_ = d.outputs.size() == 2 ? prototype_channels(d, 1) : 0;
    if (params.text("normalized", "auto") != "auto") normalized_ = params.flag("normalized", true);
    const int width = dims.size() == 2 && dims[1] > 0 && dims[1] < 65536 ? int(dims[1]) - masks_ : 0;
    int points = 0;
    if (params.text("keypoints", "auto") != "auto") {
      points = int(params.integer("keypoints", 0, 0, 64));
      if (width > 0 && 5 + 2 * points >= width) {
        throw Error(ErrorCode::invalid_argument, "option 'keypoints': found '" + std::to_string(points) +
                                                     "', accepted are as many as leave a class in rows of " +
                                                     std::to_string(width) + " values");
      }
      columns_ = Columns{5 + 2 * points, std::max(width - 5 - 2 * points, 1), 5, points, 2};
    }
    read(width > 5 + 2 * points ? width - 5 - 2 * points : -1, points);
  }

  /// Until it is known how the columns divide, every row is looked at; until it is known what the coordinates are, no
  /// boxes are made of them.
  [[nodiscard]] std::optional<sdk::CellFilter> filter() const override {
    if (!columns_) return std::nullopt;
    sdk::CellFilter filter{.objectness = 4,
                           .first_class = columns_->first_class,
                           .classes = columns_->classes,
                           .score = settings_.score,
                           .alone = masks_ == 0};
    if (!normalized_ || !size_.known()) return filter;
    filter.boxes = cell_boxes(settings_);
    if (*normalized_) filter.boxes->scale_x = float(size_.width), filter.boxes->scale_y = float(size_.height);
    return filter;
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const Dims dims = image_dims(tensor.dims);
    const int width = dims.size() == 2 ? int(dims[1]) : 0, used = width - masks_;
    if (used < 6) refuse_output("yolov5", tensor, "[rows, 5 + keypoints + classes]");
    const float* rows = floats(tensor, scratch_[0]);
    const auto count = std::size_t(dims[0]);
    size_ = {geometry.network_width, geometry.network_height};
    const bool parts = normalized_ ? *normalized_ : are_parts(rows, count, width);
    if (!tensor.cells && count > 0) normalized_ = parts;  // a few cells alone may lie in a corner
    if (!columns_ && count > 0) {                         // a fact of the model: one look is enough
      columns_ = find_columns(rows, count, width, used);
      if (columns_->points > 0) read(columns_->classes, columns_->points);
    }
    const Columns c = columns_.value_or(Columns{});
    if (c.first_class + c.classes > used) refuse_output("yolov5", tensor, "rows longer than 5 + 2 x keypoints");
    const float sx = parts ? float(geometry.network_width) : 1;
    const float sy = parts ? float(geometry.network_height) : 1;
    boxes_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = rows + i * std::size_t(width);
      if (!(row[4] >= settings_.score)) continue;
      const int best = best_of(row + c.first_class, c.classes);
      const float score = row[4] * row[c.first_class + best];
      if (!(score >= settings_.score) || !settings_.wants(best)) continue;
      boxes_.push_back({(row[0] - row[2] / 2) * sx, (row[1] - row[3] / 2) * sy, (row[0] + row[2] / 2) * sx,
                        (row[1] + row[3] / 2) * sy, score, best, std::int64_t(i)});
    }
    const std::size_t before = result.detections.size();
    const auto row_of = [&](const Box& box) { return rows + std::size_t(box.index) * std::size_t(width); };
    finish(boxes_, settings_, geometry, result, [&](const Box& box, std::vector<sdk::Keypoint>& points) {
      const float* at = row_of(box) + c.first_point;
      for (int k = 0; k < c.points; ++k, at += c.step) {
        points.push_back({at[0] * sx, at[1] * sy, c.step == 3 ? at[2] : 1.0f});
      }
    });
    if (masks_ == 0 || boxes_.empty()) return;
    const Prototypes prototypes = prototypes_of("yolov5", outputs[1], masks_, scratch_[1]);
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      result.detections[before + i].mask = mask_of(prototypes, row_of(boxes_[i]) + used, 1, boxes_[i], geometry);
    }
  }

 private:
  void read(int classes, int points) {
    const std::string_view only = points == 5 ? "face" : points == 4 ? "plate" : points == 17 ? "person" : "";
    settings_ = read_settings(description_, params_,
                              {.score = 0.3f, .iou = 0.45f, .only_label = classes == 1 ? only : ""}, classes);
  }

  /// Every cell of the picture predicts some box, so in pixels centres reach far.
  static bool are_parts(const float* rows, std::size_t count, int width) {
    float reach = 0;
    for (std::size_t i = 0; i < count; ++i)
      reach = std::max({reach, rows[i * std::size_t(width)], rows[i * std::size_t(width) + 1]});
    return reach > 0 && reach <= 2;
  }

  /// Whether the column holds coordinates of points: on average near the box's centre, measured by how far the centres
  /// of all cells lie apart. Probabilities don't move with the cell.
  static bool follows(const float* rows, std::size_t count, int width, int column, int centre) {
    double low = 1e30, high = -1e30, off = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = rows + i * std::size_t(width);
      low = std::min(low, double(row[centre]));
      high = std::max(high, double(row[centre]));
      off += std::abs(double(row[column]) - row[centre]);
    }
    return high - low > 1e-3 && off / double(count) < 0.2 * (high - low);
  }

  /// Pixels leave [0, 1] somewhere in the picture, probabilities nowhere.
  static bool leaves_unit(const float* rows, std::size_t count, int width, int column) {
    for (std::size_t i = 0; i < count; ++i) {
      const float value = rows[i * std::size_t(width) + std::size_t(column)];
      if (value < -0.5f || value > 1.5f) return true;
    }
    return false;
  }

  Columns find_columns(const float* rows, std::size_t count, int width, int used) const {
    const auto holds_points = [&](int at, int centre) {
      return normalized_.value_or(false) ? follows(rows, count, width, at, centre)
                                         : leaves_unit(rows, count, width, at);
    };
    const auto is_point = [&](int at) { return at + 1 < used && holds_points(at, 0) && holds_points(at + 1, 1); };
    Columns c{5, used - 5, 5, 0, 2};
    if (is_point(5)) {  // points, then classes
      while (c.points < 64 && 5 + 2 * c.points + 2 < used && is_point(5 + 2 * c.points)) ++c.points;
      c.first_class = 5 + 2 * c.points;
      c.classes = used - c.first_class;
      return c;
    }
    for (int at = 6; at + 2 < used; ++at) {  // classes, then points with scores
      if (!is_point(at) || (used - at) % 3 != 0 || (at + 3 < used && !is_point(at + 3))) continue;
      return {5, at - 5, at, (used - at) / 3, 3};
    }
    return c;
  }

  sdk::ModelDescription description_;
  sdk::Params params_;
  Settings settings_;
  int masks_ = 0;
  Size size_;  ///< of the network's input, since the first frame
  std::optional<bool> normalized_;
  std::optional<Columns> columns_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_[2];
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Yolov5>(d, params);
}

}  // namespace

const sdk::DecoderRow kYolov5{"yolov5", "YOLOv3/4/5/6/7: decoded rows, also with keypoints or masks", match, create,
                              kRows};

}  // namespace vireo::decode
