// Detectors whose graph ends with its own selection, one output [K, 6] of x1, y1, x2, y2, score, class in network
// pixels, best first and padded with zeros (YOLOv10, YOLO26 and exports with NMS inside), and the seven-column form
// with the image index in front, [K, 7], of YOLOv7 exports: image, x1, y1, x2, y2, class, score.

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 1) return no_match("takes one output");
  const Dims& full = d.outputs[0].dims;
  const Dims dims = image_dims(full);
  if (dims.size() != 2 || (dims[1] != 6 && dims[1] != 7)) return no_match("takes rows of 6 or 7 values");
  if (dims[1] == 7 && full.size() != 2) return no_match("rows of 7 values have no batch axis");
  if (dims[0] > 1000) return no_match("more rows than a selection keeps");
  return {.score = dims[0] == kUnknown ? 0.4 : 0.8, .reason = "a short list of finished boxes"};
}

class End2end final : public sdk::Decoder {
 public:
  End2end(const sdk::ModelDescription& d, const sdk::Params& params)
      : settings_(read_settings(d, params, {.score = 0.25f}, -1)) {}

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const Dims dims = image_dims(tensor.dims);
    if (dims.size() != 2 || (dims[1] != 6 && dims[1] != 7)) refuse_output("end2end", tensor, "[rows, 6 or 7]");
    const float* rows = floats(tensor, scratch_);
    const auto width = std::size_t(dims[1]);
    const bool indexed = width == 7;
    boxes_.clear();
    for (std::size_t i = 0; i < std::size_t(dims[0]); ++i) {
      const float* row = rows + i * width + (indexed ? 1 : 0);
      const float score = indexed ? row[5] : row[4], id = indexed ? row[4] : row[5];
      if (!(score >= settings_.score) || !(id >= 0) || !(id < 65536)) continue;
      if (!settings_.wants(int(id + 0.5f))) continue;
      boxes_.push_back({row[0], row[1], row[2], row[3], score, int(id + 0.5f), std::int64_t(i)});
    }
    finish(boxes_, settings_, geometry, result, {}, false);
  }

 private:
  Settings settings_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<End2end>(d, params);
}

}  // namespace

const sdk::DecoderRow kEnd2end{"end2end", "YOLOv10 and exports with NMS inside: finished rows", match, create, {}};

}  // namespace vireo::decode
