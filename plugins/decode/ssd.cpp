// Detectors that select inside the graph and give boxes [K,4], scores [K] and labels [K], in any order, with or without
// a batch axis and a count of valid rows. Torchvision and ONNX SSD exports: corners x1, y1, x2, y2 and integer labels;
// TensorFlow's detection API: y1, x1, y2, x2 as parts of the input and float labels. Both count classes from 1.

#include <algorithm>
#include <array>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr sdk::ParamRow kRows[] = {
    {"order", "xyxy|yxyx", "by the labels' type", "order of a box's corners"},
    {"first_label", "0..65535", "1", "label of the first class"},
    {"normalized", "auto|true|false", "auto", "corners are parts of the input, not pixels"},
};

struct Roles {
  int boxes = -1, scores = -1, labels = -1, count = -1;
  [[nodiscard]] explicit operator bool() const { return boxes >= 0 && scores >= 0 && labels >= 0; }
};

/// The extents of a list without batch axes of 1 in front.
Dims list_dims(const Dims& dims, std::size_t rank) {
  return dims.size() == rank + 1 ? Dims(dims.begin() + 1, dims.end()) : dims;
}

template <typename Tensors>
Roles roles_of(const Tensors& tensors) {
  Roles roles;
  if (tensors.size() < 3 || tensors.size() > 4) return {};
  std::array<int, 4> lists{};
  std::size_t list_count = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Dims& dims = tensors[i].dims;
    const Dims wide = list_dims(dims, 2);
    if (wide.size() == 2 && wide[1] == 4 && dims.size() >= 2 && roles.boxes < 0) {
      roles.boxes = int(i);
    } else if (tensors.size() == 4 && (dims.empty() || (dims.size() == 1 && dims[0] == 1)) && roles.count < 0) {
      roles.count = int(i);
    } else if (dims.size() == 1 || dims.size() == 2) {
      lists[list_count++] = int(i);
    } else {
      return {};
    }
  }
  if (roles.boxes < 0 || list_count != 2) return {};
  // Integer lists are labels. Two float lists: the detection API's order is boxes, classes, scores by name.
  const bool first_integer = is_integer(tensors[std::size_t(lists[0])].dtype);
  const bool second_integer = is_integer(tensors[std::size_t(lists[1])].dtype);
  if (first_integer == second_integer && first_integer) return {};
  const bool labels_first = first_integer || !second_integer;
  roles.labels = lists[labels_first ? 0 : 1];
  roles.scores = lists[labels_first ? 1 : 0];
  return roles;
}

sdk::Match match(const sdk::ModelDescription& d) {
  const Roles roles = roles_of(d.outputs);
  if (!roles) return no_match("takes selected boxes [K,4], scores [K] and labels [K]");
  const bool typed = is_integer(d.outputs[std::size_t(roles.labels)].dtype);
  sdk::Match m{.score = typed              ? 0.85
                        : roles.count >= 0 ? 0.8
                                           : 0.4,
               .reason = "boxes, scores and labels of finished detections"};
  m.settings.set("order", typed ? "xyxy" : "yxyx");
  m.input.resize = sdk::Resize::stretch;
  return m;
}

class Ssd final : public sdk::Decoder {
 public:
  Ssd(const sdk::ModelDescription& d, const sdk::Params& params)
      : settings_(read_settings(d, params, {.score = 0.4f}, -1)),
        first_label_(int(params.integer("first_label", 1, 0, 65535))) {
    const std::string order = params.text("order", "xyxy");
    if (order != "xyxy" && order != "yxyx") {
      throw Error(ErrorCode::invalid_argument, "option 'order': found '" + order + "', accepted are xyxy, yxyx");
    }
    y_first_ = order == "yxyx";
    if (params.text("normalized", "auto") != "auto") normalized_ = params.flag("normalized", true);
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const Roles roles = roles_of(outputs);
    if (!roles) refuse_output("ssd", outputs[0], "boxes [K,4], scores [K] and labels [K]");
    const auto data = [&](int i, std::size_t slot) { return floats(outputs[std::size_t(i)], scratch_[slot]); };
    std::size_t count = std::min({count_of(outputs[std::size_t(roles.boxes)]) / 4,
                                  count_of(outputs[std::size_t(roles.scores)]),
                                  count_of(outputs[std::size_t(roles.labels)])});
    const float *corners = data(roles.boxes, 0), *scores = data(roles.scores, 1), *labels = data(roles.labels, 2);
    if (!is_integer(outputs[std::size_t(roles.labels)].dtype)) pick_scores(scores, labels, count);
    if (roles.count >= 0) {
      const float valid = data(roles.count, 3)[0];
      if (valid >= 0 && valid < float(count)) count = std::size_t(valid);
    }
    float reach = 0;
    for (std::size_t i = 0; i < 4 * count; ++i) reach = std::max(reach, corners[i]);
    const bool normalized = normalized_.value_or(y_first_ || reach <= 2);
    const float sx = normalized ? float(geometry.network_width) : 1,
                sy = normalized ? float(geometry.network_height) : 1;
    boxes_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      if (!(scores[i] >= settings_.score) || !(labels[i] >= 0 && labels[i] < 65536)) continue;
      const int id = int(labels[i] + 0.5f) - first_label_;
      if (id < 0 || !settings_.wants(id)) continue;
      const float* c = corners + 4 * i;
      const std::size_t x = y_first_ ? 1 : 0;
      boxes_.push_back({c[x] * sx, c[1 - x] * sy, c[x + 2] * sx, c[3 - x] * sy, scores[i], id, std::int64_t(i)});
    }
    finish(boxes_, settings_, geometry, result, {}, false);
  }

 private:
  /// Of two float lists, labels are whole numbers and scores are not.
  static void pick_scores(const float*& scores, const float*& labels, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (labels[i] != std::floor(labels[i])) {
        std::swap(scores, labels);
        return;
      }
    }
  }

  Settings settings_;
  int first_label_;
  bool y_first_ = false;
  std::optional<bool> normalized_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_[4];
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Ssd>(d, params);
}

}  // namespace

const sdk::DecoderRow kSsd{"ssd", "SSD and others with selection inside: boxes, scores, labels", match, create, kRows};

}  // namespace vireo::decode
