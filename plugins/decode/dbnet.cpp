// Text detection by differentiable binarization (DB; PP-OCR and relatives): one probability for each pixel of the input
// that it lies in the shrunken core of a line of text. Cores become turned boxes, which grow back by area x `unclip` /
// circumference, as they were shrunken in training (Liao et al., 2020, section 3.5; PaddleOCR's DBPostProcess).

#include <algorithm>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr float kLeastSide = 3;  ///< of a core, in cells

constexpr sdk::ParamRow kRows[] = {
    {"threshold", "number 0..1", "0.3", "cells above it belong to a core; `score` is for the mean of a core"},
    {"unclip", "number 0..10", "1.5", "how much a core grows: area times this by circumference"},
};

/// Probabilities of the whole input, at its size.
bool is_map(const Dims& dims, Size size) {
  if (dims.size() != 4 || dims[1] != 1) return false;
  return !size.known() || (fits(dims[2], size.height) && fits(dims[3], size.width));
}

/// The shapes are those of a mask. Who exported it shows in the names that Paddle gives: its one-channel maps are
/// these.
bool has_paddle_names(const sdk::ModelDescription& d) {
  const std::string& output = d.outputs[0].name;
  return d.inputs[0].name == "x" &&
         ((output.starts_with("sigmoid_") && output.find(".tmp_") != std::string::npos) || output == "fetch_name_0");
}

bool is_told(const sdk::ModelDescription& d) {
  for (const char* key : {"task", "model_type", "type"}) {
    const auto found = d.metadata.find(key);
    if (found == d.metadata.end()) continue;
    std::string word = found->second;
    std::replace(word.begin(), word.end(), '_', '-');
    if (word == "text-detection" || word == "text-det" || word == "dbnet" || word == "DB") return true;
  }
  return false;
}

sdk::Match match(const sdk::ModelDescription& d) {
  const sdk::InputStyle input{.color = sdk::ColorOrder::bgr,
                              .mean = {123.675f, 116.28f, 103.53f},
                              .scale = {1 / 58.395f, 1 / 57.12f, 1 / 57.375f}};
  if (d.outputs.size() != 1 || d.inputs.size() != 1) return no_match("takes one input and one output");
  if (!is_map(d.outputs[0].dims, input_size(d))) return no_match("takes one value for each pixel of the input");
  const auto last = last_activation(d, 0);
  if (last && *last != Activation::sigmoid) return no_match("takes probabilities: the last operator is no Sigmoid");
  if (is_told(d)) return {.score = 0.95, .reason = "the metadata says text detection", .settings = {}, .input = input};
  if (has_paddle_names(d))
    return {.score = 0.8, .reason = "a map of text, by Paddle's names", .settings = {}, .input = input};
  return unlikely("one value for each pixel may be any mask; nothing says that it is text", input);
}

class Dbnet final : public sdk::Decoder {
 public:
  Dbnet(const sdk::ModelDescription& d, const sdk::Params& params)
      : settings_(read_settings(d, params, {.score = 0.6f, .only_label = "text"}, 1)),
        threshold_(float(params.number("threshold", 0.3, 0, 1))),
        unclip_(float(params.number("unclip", 1.5, 0, 10))) {}

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    if (!is_map(tensor.dims, {geometry.network_width, geometry.network_height}) || !is_static(tensor.dims))
      refuse_output("dbnet", tensor, "[1, height, width] of the input");
    const auto* values = floats(tensor, scratch_);
    const cv::Mat map(int(tensor.dims[2]), int(tensor.dims[3]), CV_32F, const_cast<float*>(values));
    cv::compare(map, threshold_, cores_, cv::CMP_GT);
    contours_.clear();
    hierarchy_.clear();
    cv::findContours(cores_, contours_, hierarchy_, cv::RETR_CCOMP, cv::CHAIN_APPROX_SIMPLE);
    boxes_.clear();
    for (std::size_t i = 0; i < contours_.size(); ++i)
      if (hierarchy_[i][3] < 0) add(map, contours_[i]);  // not the edge of a hole
    finish(boxes_, settings_, geometry, result, {}, false);
  }

 private:
  void add(const cv::Mat& map, const std::vector<cv::Point>& contour) {
    cv::RotatedRect core = cv::minAreaRect(contour);
    const float score = mean_of(map, core);
    if (!(score >= settings_.score)) return;
    core.center += cv::Point2f(0.5f, 0.5f);  // points are the middles of cells
    core.size += cv::Size2f(1, 1);
    if (std::min(core.size.width, core.size.height) < kLeastSide) return;
    float width = core.size.width, height = core.size.height, angle = core.angle;
    while (angle > 45) angle -= 90, std::swap(width, height);
    while (angle <= -45) angle += 90, std::swap(width, height);
    const float grown = width * height * unclip_ / (width + height);  // on both sides together
    width += grown;
    height += grown;
    constexpr float kUpright = 0.1f;  // degrees
    boxes_.push_back({core.center.x - width / 2, core.center.y - height / 2, core.center.x + width / 2,
                      core.center.y + height / 2, score, 0, 0,
                      std::abs(angle) < kUpright ? 0.0f : angle * std::numbers::pi_v<float> / 180});
  }
  /// Over the cells inside the box, whose corners are middles of cells.
  float mean_of(const cv::Mat& map, const cv::RotatedRect& box) {
    cv::Point2f corners[4];
    box.points(corners);
    std::vector<cv::Point> polygon;
    for (const cv::Point2f& corner : corners) polygon.emplace_back(cvRound(corner.x), cvRound(corner.y));
    const cv::Rect area = cv::boundingRect(polygon) & cv::Rect(0, 0, map.cols, map.rows);
    if (area.empty()) return 0;
    mask_.create(area.size(), CV_8U);
    mask_.setTo(0);
    cv::fillConvexPoly(mask_, shifted(polygon, area.tl()), cv::Scalar(255));
    return float(cv::mean(map(area), mask_)[0]);
  }
  static std::vector<cv::Point> shifted(std::vector<cv::Point> polygon, cv::Point by) {
    for (cv::Point& corner : polygon) corner -= by;
    return polygon;
  }

  Settings settings_;
  float threshold_, unclip_;
  std::vector<float> scratch_;
  cv::Mat cores_, mask_;
  std::vector<std::vector<cv::Point>> contours_;
  std::vector<cv::Vec4i> hierarchy_;
  std::vector<Box> boxes_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Dbnet>(d, params);
}

}  // namespace

const sdk::DecoderRow kDbnet{"dbnet", "DB (PP-OCR): lines of text, turned", match, create, kRows};

}  // namespace vireo::decode
