// Two outputs over many candidates, boxes finished in the graph but not yet selected: scores [N, classes] and corners
// [N, 4] (x1, y1, x2, y2). UltraFace and other SSD exports give corners as parts of the input and put the background in
// class 0 (softmaxed scores sum to 1); YOLO-NAS gives pixels and independent probabilities. Both facts show in the
// values.

#include <algorithm>
#include <array>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr sdk::ParamRow kRows[] = {
    {"background", "auto|true|false", "auto", "class 0 of the scores means nothing is there"},
    {"normalized", "auto|true|false", "auto", "corners are parts of the input, not pixels"},
};

int box_output(const Dims& first, const Dims& second) {
  if (first.size() != 2 || second.size() != 2 || !fits(first[0], second[0])) return -1;
  if (second[1] == 4 && first[1] >= 1) return 1;
  if (first[1] == 4 && second[1] >= 1) return 0;
  return -1;
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 2) return no_match("takes two outputs");
  const Dims first = image_dims(d.outputs[0].dims), second = image_dims(d.outputs[1].dims);
  const int boxes = box_output(first, second);
  if (boxes < 0) return no_match("takes scores [N, classes] and corners [N, 4]");
  if (first[0] != kUnknown && first[0] <= 1000) return unlikely("fewer rows than candidates before selection");
  const Dims& scores = boxes == 0 ? second : first;
  const bool decoded =
      tail_has_any(d, std::size_t(boxes), std::array<std::string_view, 4>{"Exp", "Mul", "Add", "Sub"}).value_or(true);
  sdk::Match m{.score = decoded ? 0.7 : 0.3, .reason = "scores and finished corners for every candidate"};
  if (scores[1] == 2) {  // UltraFace's convention
    m.input.mean = {127, 127, 127};
    m.input.scale = {1 / 128.0f, 1 / 128.0f, 1 / 128.0f};
    m.input.resize = sdk::Resize::stretch;
  }
  return m;
}

class ScoresBoxes final : public sdk::Decoder {
 public:
  ScoresBoxes(const sdk::ModelDescription& d, const sdk::Params& params) {
    int classes = -1;
    if (d.outputs.size() == 2) {
      const Dims first = image_dims(d.outputs[0].dims), second = image_dims(d.outputs[1].dims);
      const int boxes = box_output(first, second);
      if (boxes >= 0) classes = int((boxes == 0 ? second : first)[1]);
    }
    settings_ = read_settings(d, params, {.score = 0.6f, .iou = 0.4f, .only_label = classes == 2 ? "face" : ""},
                              classes == 2 ? 1 : classes);
    if (params.text("background", "auto") != "auto") background_ = params.flag("background", true);
    if (params.text("normalized", "auto") != "auto") normalized_ = params.flag("normalized", true);
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const int at = outputs.size() == 2 ? box_output(image_dims(outputs[0].dims), image_dims(outputs[1].dims)) : -1;
    if (at < 0) refuse_output("scores_boxes", outputs[0], "scores [N, classes] and corners [N, 4]");
    const float* corners = floats(outputs[std::size_t(at)], scratch_[0]);
    const float* scores = floats(outputs[std::size_t(1 - at)], scratch_[1]);
    const Dims dims = image_dims(outputs[std::size_t(1 - at)].dims);
    const auto count = std::size_t(dims[0]);
    const int width = int(dims[1]);
    const bool background = background_.value_or(width >= 2 && sums_to_one(scores, count, width));
    const bool normalized = normalized_.value_or(is_normalized(corners, count));
    const float sx = normalized ? float(geometry.network_width) : 1,
                sy = normalized ? float(geometry.network_height) : 1;
    const int first = background ? 1 : 0;
    boxes_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = scores + i * std::size_t(width) + first;
      if (!any_reaches(row, width - first, settings_.score)) continue;
      const int best = best_of(row, width - first);
      if (!settings_.wants(best)) continue;
      const float* c = corners + 4 * i;
      boxes_.push_back({c[0] * sx, c[1] * sy, c[2] * sx, c[3] * sy, row[best], best, std::int64_t(i)});
    }
    finish(boxes_, settings_, geometry, result);
  }

 private:
  static bool sums_to_one(const float* scores, std::size_t count, int width) {
    for (std::size_t i = 0; i < std::min<std::size_t>(count, 64); ++i) {
      float sum = 0;
      for (int c = 0; c < width; ++c) sum += scores[i * std::size_t(width) + std::size_t(c)];
      if (std::abs(sum - 1) > 1e-2f) return false;
    }
    return true;
  }

  /// Candidates cover the whole picture, so in pixels some corner is far from the origin.
  static bool is_normalized(const float* corners, std::size_t count) {
    float reach = 0;
    for (std::size_t i = 0; i < 4 * count; ++i) reach = std::max(reach, corners[i]);
    return reach < 8;
  }

  Settings settings_;
  std::optional<bool> background_, normalized_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_[2];
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<ScoresBoxes>(d, params);
}

}  // namespace

const sdk::DecoderRow kScoresBoxes{"scores_boxes", "UltraFace, YOLO-NAS: scores and finished corners", match, create,
                                   kRows};

}  // namespace vireo::decode
