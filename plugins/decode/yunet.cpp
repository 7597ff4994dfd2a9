// YuNet (Wu et al., 2023, Machine Intelligence Research): anchor-free faces with 5 landmarks. For each of the strides
// 8, 16, 32 four outputs: class [N,1], objectness [N,1], box [N,4], landmarks [N,10]. score = sqrt(class x objectness);
// centre = (cell + t) x stride, size = exp(t) x stride, landmark = (cell + t) x stride. Outputs are told apart by
// shape; class and objectness enter symmetrically, so their order does not matter.

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr int kStrides[] = {8, 16, 32};

sdk::InputStyle style() {
  return {.color = sdk::ColorOrder::bgr, .scale = {1, 1, 1}, .align = sdk::Align::top_left, .pad = 0};
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 12) return no_match("takes 12 outputs");
  int ones = 0, fours = 0, tens = 0;
  for (const auto& output : d.outputs) {
    const Dims dims = image_dims(output.dims);
    if (dims.size() != 2) return no_match("takes outputs [cells, 1, 4 or 10]");
    ones += dims[1] == 1;
    fours += dims[1] == 4;
    tens += dims[1] == 10;
  }
  if (ones != 6 || fours != 3 || tens != 3) return no_match("takes outputs [cells, 1, 4 or 10]");
  return {.score = 0.98, .reason = "class, objectness, box and landmarks for three strides", .settings = {},
          .input = style()};
}

class Yunet final : public sdk::Decoder {
 public:
  Yunet(const sdk::ModelDescription& d, const sdk::Params& params)
      : settings_(read_settings(d, params, {.score = 0.6f, .iou = 0.3f, .only_label = "face"}, 1)) {}

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const Size size{geometry.network_width, geometry.network_height};
    scratch_.resize(outputs.size());
    boxes_.clear();
    landmarks_.clear();
    for (const int stride : kStrides) decode_stride(outputs, size, stride);
    finish(boxes_, settings_, geometry, result, [&](const Box& box, std::vector<sdk::Keypoint>& points) {
      const float* at = landmarks_.data() + box.index * 10;
      for (int k = 0; k < 5; ++k) points.push_back({at[2 * k], at[2 * k + 1]});
    });
  }

 private:
  void decode_stride(std::span<const sdk::TensorView> outputs, Size size, int stride) {
    const int columns = cells(size.width, stride);
    const std::int64_t count = std::int64_t(columns) * cells(size.height, stride);
    const float *first = nullptr, *second = nullptr, *box = nullptr, *points = nullptr;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Dims dims = image_dims(outputs[i].dims);
      if (dims.size() != 2 || dims[0] != count) continue;
      const float* data = floats(outputs[i], scratch_[i]);
      if (dims[1] == 1) (first == nullptr ? first : second) = data;
      if (dims[1] == 4) box = data;
      if (dims[1] == 10) points = data;
    }
    if (second == nullptr || box == nullptr || points == nullptr) {
      refuse_output("yunet", outputs[0], "[" + std::to_string(count) + ", 1, 1, 4 and 10] for stride " +
                                             std::to_string(stride));
    }
    const float s = float(stride), least = settings_.score * settings_.score;
    for (std::int64_t i = 0; i < count; ++i) {
      const float product = std::clamp(first[i], 0.0f, 1.0f) * std::clamp(second[i], 0.0f, 1.0f);
      if (!(product >= least)) continue;
      const float x = float(i % columns), y = float(i / columns);
      const float cx = (x + box[4 * i]) * s, cy = (y + box[4 * i + 1]) * s;
      const float w = std::exp(box[4 * i + 2]) * s, h = std::exp(box[4 * i + 3]) * s;
      boxes_.push_back({cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, std::sqrt(product), 0,
                        std::int64_t(landmarks_.size() / 10)});
      for (int k = 0; k < 10; ++k) landmarks_.push_back((points[10 * i + k] + (k % 2 == 0 ? x : y)) * s);
    }
  }

  Settings settings_;
  std::vector<Box> boxes_;
  std::vector<float> landmarks_;  ///< 10 for each box, network pixels
  std::vector<std::vector<float>> scratch_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Yunet>(d, params);
}

}  // namespace

const sdk::DecoderRow kYunet{"yunet", "YuNet: faces with 5 landmarks", match, create, {}};

}  // namespace vireo::decode
