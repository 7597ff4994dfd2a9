// YOLOv5 and its relatives (v3, v4, v7 exports), decoded in the graph: rows [N, 4+1+classes] of centre, size (network
// pixels), objectness and class probabilities; three anchors a cell at strides 8, 16, 32 (and 64), or one a cell in
// decoded anchor-free exports (YOLOv6, YOLOX with decoding). Face and plate variants put keypoints (x, y pairs in
// pixels) between objectness and classes: their columns are the only ones past 4 that leave [0, 1].

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr int kStrides[] = {8, 16, 32, 64};
constexpr std::string_view kDecodingOps[] = {"Exp", "Pow", "Mul", "Add", "Sub", "Div"};
constexpr sdk::ParamRow kRows[] = {
    {"keypoints", "auto | 0..64", "auto", "keypoints (x, y pairs) between objectness and classes"},
};

/// 3: anchors, 1: anchor-free, 0: the count fits neither.
int anchors_per_cell(Size size, std::int64_t rows) {
  for (const std::size_t count : {3u, 4u}) {
    const auto grid = grid_cells(size, std::span(kStrides, count));
    if (rows == 3 * grid) return 3;
    if (rows == grid) return 1;
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
  if (anchors == 0) return no_match("the number of rows is not that of the grids of strides 8, 16, 32");
  const double sure = anchors == 3 ? 0.9 : decoded ? 0.85 : 0.5;
  return {.score = sure, .reason = anchors == 3 ? "three rows a grid cell" : "one decoded row a grid cell"};
}

class Yolov5 final : public sdk::Decoder {
 public:
  Yolov5(const sdk::ModelDescription& d, const sdk::Params& params) {
    if (params.text("keypoints", "auto") != "auto") keypoints_ = int(params.integer("keypoints", 0, 0, 64));
    settings_ = read_settings(d, params, {.score = 0.3f, .iou = 0.45f}, class_count(d));
    const Dims dims = d.outputs.empty() ? Dims{} : image_dims(d.outputs[0].dims);
    if (dims.size() == 2) width_ = int(std::max<std::int64_t>(dims[1], 0));
  }

  /// Until it is known how many keypoints there are, every row is looked at.
  [[nodiscard]] std::optional<sdk::CellFilter> filter() const override {
    if (keypoints_ < 0 || width_ == 0) return std::nullopt;
    const int first = 5 + 2 * keypoints_;
    return sdk::CellFilter{
        .objectness = 4, .first_class = first, .classes = width_ - first, .score = settings_.score, .alone = true};
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const Dims dims = image_dims(tensor.dims);
    if (dims.size() != 2 || dims[1] < 6) refuse_output("yolov5", tensor, "[rows, 5 + keypoints + classes]");
    const float* rows = floats(tensor, scratch_);
    const auto count = std::size_t(dims[0]);
    const int width = int(dims[1]);
    if (keypoints_ < 0) keypoints_ = find_keypoints(rows, count, width);
    const int first_class = 5 + 2 * keypoints_;
    if (first_class >= width) refuse_output("yolov5", tensor, "rows longer than 5 + 2 x keypoints");
    width_ = width;
    boxes_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = rows + i * std::size_t(width);
      if (!(row[4] >= settings_.score)) continue;
      const int best = best_of(row + first_class, width - first_class);
      const float score = row[4] * row[first_class + best];
      if (!(score >= settings_.score) || !settings_.wants(best)) continue;
      boxes_.push_back({row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2, score, best,
                        std::int64_t(i)});
    }
    finish(boxes_, settings_, geometry, result, [&](const Box& box, std::vector<sdk::Keypoint>& points) {
      const float* row = rows + std::size_t(box.index) * std::size_t(width) + 5;
      for (int k = 0; k < keypoints_; ++k) points.push_back({row[2 * k], row[2 * k + 1]});
    });
  }

 private:
  int class_count(const sdk::ModelDescription& d) const {
    const Dims dims = d.outputs.empty() ? Dims{} : image_dims(d.outputs[0].dims);
    return dims.size() == 2 && dims[1] > 5 + 2 * std::max(keypoints_, 0)
               ? int(dims[1]) - 5 - 2 * std::max(keypoints_, 0)
               : -1;
  }

  /// Pairs of leading columns that hold pixels. Every cell of the picture predicts some, so one frame shows it.
  static int find_keypoints(const float* rows, std::size_t count, int width) {
    int pixels = 0;
    for (int column = 5; column < width - 1; ++column, ++pixels) {
      float low = 0, high = 0;
      for (std::size_t i = 0; i < count; ++i) {
        low = std::min(low, rows[i * std::size_t(width) + std::size_t(column)]);
        high = std::max(high, rows[i * std::size_t(width) + std::size_t(column)]);
      }
      if (low > -0.5f && high < 1.5f) break;
    }
    return pixels / 2;
  }

  Settings settings_;
  int keypoints_ = -1;
  int width_ = 0;  ///< of a row; 0: unknown yet
  std::vector<Box> boxes_;
  std::vector<float> scratch_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Yolov5>(d, params);
}

}  // namespace

const sdk::DecoderRow kYolov5{"yolov5", "YOLOv3/4/5/6/7: decoded rows, also with keypoints", match, create, kRows};

}  // namespace vireo::decode
