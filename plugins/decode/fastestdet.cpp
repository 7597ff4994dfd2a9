// FastestDet (2022): one grid, channels first [1 + 4 + classes, H, W]. With o the objectness and p the best class
// probability, score = o^0.6 x p^0.4; centre = (cell + tanh(t)) / grid, size = sigmoid(t), as parts of the input.

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

sdk::InputStyle style() { return {.color = sdk::ColorOrder::bgr, .resize = sdk::Resize::stretch}; }

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 1) return no_match("takes one output");
  const Dims dims = image_dims(d.outputs[0].dims);
  if (dims.size() != 3 || dims[0] < 6) return no_match("takes one grid of 5 + classes channels");
  const Size size = input_size(d);
  if (!size.known() || dims[1] <= 0 || dims[2] <= 0) return no_match("needs shapes that are known");
  const bool grid = dims[1] == cells(size.height, 16) && dims[2] == cells(size.width, 16);
  if (!grid) return no_match("the grid is not that of stride 16");
  return {.score = 0.8, .reason = "one grid of stride 16 with 5 + classes channels", .settings = {}, .input = style()};
}

class Fastestdet final : public sdk::Decoder {
 public:
  Fastestdet(const sdk::ModelDescription& d, const sdk::Params& params) {
    const Dims dims = d.outputs.empty() ? Dims{} : image_dims(d.outputs[0].dims);
    settings_ = read_settings(d, params, {.score = 0.5f, .iou = 0.45f}, dims.size() == 3 ? int(dims[0]) - 5 : -1);
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const Dims dims = image_dims(tensor.dims);
    if (dims.size() != 3 || dims[0] < 6) refuse_output("fastestdet", tensor, "[5 + classes, rows, columns]");
    const float* planes = floats(tensor, scratch_);
    const auto count = std::size_t(dims[1] * dims[2]);
    best_.resize(count);
    const float* classes = planes + 5 * count;
    column_maxima(classes, std::size_t(dims[0] - 5), count, best_.data());
    boxes_.clear();
    const float cell_w = float(geometry.network_width) / float(dims[2]);
    const float cell_h = float(geometry.network_height) / float(dims[1]);
    for (std::size_t i = 0; i < count; ++i) {
      const float score = std::pow(planes[i], 0.6f) * std::pow(best_[i], 0.4f);
      if (!(score >= settings_.score)) continue;
      const int id = column_class(classes, std::size_t(dims[0] - 5), count, i);
      if (!settings_.wants(id)) continue;
      const float cx = (float(i % std::size_t(dims[2])) + std::tanh(planes[count + i])) * cell_w;
      const float cy = (float(i / std::size_t(dims[2])) + std::tanh(planes[2 * count + i])) * cell_h;
      const float w = sigmoid(planes[3 * count + i]) * float(geometry.network_width);
      const float h = sigmoid(planes[4 * count + i]) * float(geometry.network_height);
      boxes_.push_back({cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score, id, std::int64_t(i)});
    }
    finish(boxes_, settings_, geometry, result);
  }

 private:
  Settings settings_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_, best_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Fastestdet>(d, params);
}

}  // namespace

const sdk::DecoderRow kFastestdet{"fastestdet", "FastestDet: one grid of stride 16", match, create, {}};

}  // namespace vireo::decode
