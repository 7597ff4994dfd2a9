// Semantic segmentation: a score for each class and cell, channels first [C,H,W] or last [H,W,C]; one channel is a mask
// (probability, or logit where values leave 0..1). The map keeps the network's resolution and is cut to the part of the
// input that shows the frame.

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr sdk::ParamRow kRows[] = {
    {"activation", "auto|none|logits", "auto", "values are probabilities already (none) or logits"},
};

struct Map {
  std::int64_t classes = 0, height = 0, width = 0;
  bool channels_last = false;
};

Map map_of(const Dims& full, Size size) {
  const Dims d = image_dims(full);
  if (d.size() != 3 || full.size() != 4 || !is_static(d) || !size.known()) return {};
  const auto part = [&](std::int64_t h, std::int64_t w) {
    return h >= 1 && w >= 1 && size.height % h == 0 && size.width % w == 0 && size.height / h == size.width / w &&
           size.height / h <= 8;
  };
  if (part(d[1], d[2]) && d[0] <= 256) return {d[0], d[1], d[2], false};
  if (part(d[0], d[1]) && d[2] <= 256) return {d[2], d[0], d[1], true};
  return {};
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 1) return no_match("takes one output");
  const Map map = map_of(d.outputs[0].dims, input_size(d));
  if (map.classes == 0) return no_match("takes class scores over a grid that divides the input");
  if (map.classes == 3)
    return unlikely("three channels are a picture rather than classes", {.resize = sdk::Resize::stretch});
  return {.score = map.classes == 1 ? 0.6 : 0.65,
          .reason = "class scores over the picture",
          .settings = {},
          .input = {.resize = sdk::Resize::stretch}};
}

class Segment final : public sdk::Decoder {
 public:
  Segment(const sdk::ModelDescription& d, const sdk::Params& params) {
    const Map map = d.outputs.empty() ? Map{} : map_of(d.outputs[0].dims, input_size(d));
    settings_ = read_settings(d, params, {.score = 0.5f}, map.classes > 0 ? int(map.classes) : -1);
    if (map.classes == 1 && settings_.labels.size() < 2) {
      settings_.labels = {"background", settings_.labels.empty() ? "foreground" : settings_.labels[0]};
    }
    const std::string name = params.text("activation", "auto");
    if (name == "none") activated_ = true;
    else if (name == "logits") activated_ = false;
    else if (name != "auto") {
      throw Error(ErrorCode::invalid_argument,
                  "option 'activation': found '" + name + "', accepted are auto, none, logits");
    } else if (const auto last = last_activation(d, 0)) {
      activated_ = *last != Activation::none ? std::optional(true) : std::nullopt;
    }
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& g, sdk::FrameResult& result) override {
    const Map map = map_of(outputs[0].dims, {g.network_width, g.network_height});
    if (map.classes == 0) refuse_output("segment", outputs[0], "class scores over a grid that divides the input");
    const float* scores = floats(outputs[0], scratch_);
    const auto cell_count = std::size_t(map.height * map.width);
    // Values that leave 0..1 are logits, whatever later frames hold.
    if (!activated_ && !logits_seen_) logits_seen_ = !are_probabilities(scores, cell_count * std::size_t(map.classes));
    const bool logits = activated_ ? !*activated_ : logits_seen_;
    const int factor = int(g.network_width / map.width);
    const int left = int(g.pad_x) / factor, top = int(g.pad_y) / factor;
    const int right = edge(g.to_network_x(g.frame_width), factor, int(map.width), left);
    const int bottom = edge(g.to_network_y(g.frame_height), factor, int(map.height), top);
    sdk::ClassMap out;
    out.width = right - left;
    out.height = bottom - top;
    out.labels = settings_.labels;
    out.class_ids.reserve(std::size_t(out.width) * std::size_t(out.height));
    out.scores.reserve(out.class_ids.capacity());
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) {
        const auto cell = std::size_t(y) * std::size_t(map.width) + std::size_t(x);
        add(scores, map, cell, cell_count, logits, out);
      }
    }
    result.maps.push_back(std::move(out));
  }

 private:
  static int edge(double network, int factor, int limit, int least) {
    return std::clamp(int(std::ceil(network / factor)), least, limit);
  }

  void add(const float* scores, const Map& map, std::size_t cell, std::size_t cell_count, bool logits,
           sdk::ClassMap& out) const {
    const auto classes = std::size_t(map.classes);
    const auto at = [&](std::size_t c) {
      return map.channels_last ? scores[cell * classes + c] : scores[c * cell_count + cell];
    };
    if (classes == 1) {
      const float p = logits ? sigmoid(at(0)) : at(0);
      out.class_ids.push_back(p >= settings_.score ? 1 : 0);
      out.scores.push_back(p);
      return;
    }
    std::size_t best = 0;
    for (std::size_t c = 1; c < classes; ++c) best = at(c) > at(best) ? c : best;
    float sum = logits ? 0.0f : 1.0f;
    for (std::size_t c = 0; c < classes && logits; ++c) sum += std::exp(at(c) - at(best));
    out.class_ids.push_back(std::uint8_t(best));
    out.scores.push_back(logits ? 1 / sum : at(best));
  }

  Settings settings_;
  std::optional<bool> activated_;  ///< values are probabilities; nothing: by the values
  bool logits_seen_ = false;
  std::vector<float> scratch_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Segment>(d, params);
}

}  // namespace

const sdk::DecoderRow kSegment{"segment", "semantic segmentation: a class for each cell", match, create, kRows};

}  // namespace vireo::decode
