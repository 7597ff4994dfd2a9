// MediaPipe's SSD-like detectors (BlazeFace, Bazarevsky et al., 2019, arXiv:1907.05047; palm detection): regressors
// [N, 4 + 2k] and score logits [N,1] over point anchors. All values are network pixels relative to the anchor:
// centre = anchor + t, size = t, keypoint = anchor + t. The anchors follow from N: 2 a cell at stride 8 and 6 a cell at
// stride 16 (short range, palms), or one a cell at stride 4 (full range).

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

struct AnchorLevel {
  int stride, per_cell;
};
constexpr AnchorLevel kShortRange[] = {{8, 2}, {16, 6}};
constexpr AnchorLevel kFullRange[] = {{4, 1}};

std::span<const AnchorLevel> levels_for(std::int64_t count, Size size) {
  for (const std::span<const AnchorLevel> levels :
       {std::span<const AnchorLevel>(kShortRange), std::span<const AnchorLevel>(kFullRange)}) {
    std::int64_t anchors = 0;
    for (const auto& level : levels) {
      anchors += std::int64_t(level.per_cell) * cells(size.width, level.stride) * cells(size.height, level.stride);
    }
    if (anchors == count) return levels;
  }
  return {};
}

sdk::InputStyle style(bool unit_range) {
  sdk::InputStyle s;  // palms: RGB in 0..1; faces: RGB in -1..1
  if (!unit_range) {
    s.mean = {127.5f, 127.5f, 127.5f};
    s.scale = {1 / 127.5f, 1 / 127.5f, 1 / 127.5f};
  }
  s.pad = 0;
  return s;
}

/// The output with one value a row holds scores. -1: shapes don't fit.
int score_output(const Dims& first, const Dims& second) {
  if (first.size() != 2 || second.size() != 2 || !fits(first[0], second[0])) return -1;
  const auto boxes = [](std::int64_t width) { return width >= 6 && width % 2 == 0 && width <= 1024; };
  if (first[1] == 1 && boxes(second[1])) return 0;
  if (second[1] == 1 && boxes(first[1])) return 1;
  return -1;
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 2) return no_match("takes two outputs");
  const Dims first = image_dims(d.outputs[0].dims), second = image_dims(d.outputs[1].dims);
  const int scores = score_output(first, second);
  if (scores < 0) return no_match("takes regressors [N, 4 + 2k] and scores [N, 1]");
  const Size size = input_size(d);
  if (!size.known() || first[0] == kUnknown) return no_match("needs shapes that are known");
  if (levels_for(first[0], size).empty()) return no_match("the number of rows is not that of known anchors");
  const bool palm = (scores == 0 ? second : first)[1] == 18;
  return {
      .score = 0.95, .reason = "regressors and score logits over point anchors", .settings = {}, .input = style(palm)};
}

class Blazeface final : public sdk::Decoder {
 public:
  Blazeface(const sdk::ModelDescription& d, const sdk::Params& params) {
    bool palm = false;
    for (const auto& output : d.outputs) palm = palm || (!output.dims.empty() && output.dims.back() == 18);
    settings_ = read_settings(d, params, {.score = 0.5f, .iou = 0.3f, .only_label = palm ? "palm" : "face"}, 1);
    const int scores =
        d.outputs.size() == 2 ? score_output(image_dims(d.outputs[0].dims), image_dims(d.outputs[1].dims)) : -1;
    activated_ = scores >= 0 && last_activation(d, std::size_t(scores)) == Activation::sigmoid;
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const Size size{geometry.network_width, geometry.network_height};
    const int role = outputs.size() == 2 ? score_output(image_dims(outputs[0].dims), image_dims(outputs[1].dims)) : -1;
    if (role < 0) refuse_output("blazeface", outputs[0], "regressors [N, 4 + 2k] and scores [N, 1]");
    const Dims dims = image_dims(outputs[std::size_t(1 - role)].dims);
    const auto levels = levels_for(dims[0], size);
    if (levels.empty() || count_of(outputs[std::size_t(role)]) != std::size_t(dims[0])) {
      refuse_output("blazeface", outputs[0], "one row an anchor of the input");
    }
    const float* logits = floats(outputs[std::size_t(role)], scratch_[0]);
    const float* rows = floats(outputs[std::size_t(1 - role)], scratch_[1]);
    const auto width = std::size_t(dims[1]);
    const float least = activated_ ? settings_.score : logit(settings_.score);
    boxes_.clear();
    anchors_.clear();
    std::size_t row = 0;
    for (const auto& level : levels) {
      const int columns = cells(size.width, level.stride), lines = cells(size.height, level.stride);
      for (int i = 0; i < columns * lines * level.per_cell; ++i, ++row) {
        if (!(logits[row] >= least)) continue;
        const int cell = i / level.per_cell;
        const float stride = float(level.stride);
        add(rows + row * width, activated_ ? logits[row] : sigmoid(logits[row]),
            (float(cell % columns) + 0.5f) * stride, (float(cell / columns) + 0.5f) * stride, row);
      }
    }
    finish(boxes_, settings_, geometry, result, [&](const Box& box, std::vector<sdk::Keypoint>& points) {
      const Anchor& anchor = anchors_[std::size_t(box.index)];
      const float* at = rows + anchor.row * width;
      for (std::size_t k = 4; k + 1 < width; k += 2) points.push_back({anchor.x + at[k], anchor.y + at[k + 1]});
    });
  }

 private:
  struct Anchor {
    float x, y;
    std::size_t row;
  };

  void add(const float* t, float score, float x, float y, std::size_t row) {
    const float cx = x + t[0], cy = y + t[1];
    boxes_.push_back(
        {cx - t[2] / 2, cy - t[3] / 2, cx + t[2] / 2, cy + t[3] / 2, score, 0, std::int64_t(anchors_.size())});
    anchors_.push_back({x, y, row});
  }

  Settings settings_;
  bool activated_ = false;  ///< the graph ends with the scores' sigmoid
  std::vector<Box> boxes_;
  std::vector<Anchor> anchors_;  ///< of each box
  std::vector<float> scratch_[2];
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Blazeface>(d, params);
}

}  // namespace

const sdk::DecoderRow kBlazeface{"blazeface", "BlazeFace and palm detection: point anchors", match, create, {}};

}  // namespace vireo::decode
