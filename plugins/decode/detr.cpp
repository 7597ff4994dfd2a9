// DETR (Carion et al., 2020, arXiv:2005.12872), RT-DETR and relatives: a fixed set of queries, boxes as centre and size
// in parts of the input, no duplicates to suppress. One output [Q, 4 + classes] of boxes and probabilities, or class
// logits [Q, classes] next to boxes [Q, 4]. DETR proper softmaxes over classes and "no object" (last); the others take
// a sigmoid of each class.

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"
#include "plugins/decode/told.h"

namespace vireo::decode {
namespace {

constexpr std::int64_t kMaxQueries = 1000;
constexpr sdk::ParamRow kRows[] = {
    {"activation", "auto|none|sigmoid|softmax", "auto", "what turns class scores into probabilities"},
    {"no_object", "true|false", "by the model", "the last class means nothing is there"},
};

struct Roles {
  int boxes = -1, scores = -1;  ///< the same output when boxes and scores share rows
  int classes = 0;
  [[nodiscard]] explicit operator bool() const { return boxes >= 0; }
};

template <typename Tensors>
Roles roles_of(const Tensors& tensors) {
  if (tensors.size() != 1 && tensors.size() != 2) return {};
  const Dims first = image_dims(tensors[0].dims);
  if (first.size() != 2 || tensors[0].dims.size() != 3 || first[0] > kMaxQueries) return {};
  if (tensors.size() == 1) return first[1] >= 5 ? Roles{0, 0, int(first[1]) - 4} : Roles{};
  const Dims second = image_dims(tensors[1].dims);
  if (second.size() != 2 || !fits(first[0], second[0])) return {};
  if (second[1] == 4 && first[1] >= 2) return {1, 0, int(first[1])};
  if (first[1] == 4 && second[1] >= 2) return {0, 1, int(second[1])};
  return {};
}

sdk::Match match(const sdk::ModelDescription& d) {
  const Roles roles = roles_of(d.outputs);
  if (!roles) return no_match("takes up to 1000 queries with boxes and class scores");
  const Dims dims = image_dims(d.outputs[0].dims);
  const Told told = told_by(d);
  if (d.outputs.size() == 1) {
    const sdk::InputStyle input{.resize = sdk::Resize::stretch};
    if (!told.task.empty() && told.task != "detect") return no_match("the metadata says '" + told.task + "'");
    const bool round = dims[0] >= 100 && dims[0] % 100 == 0;
    const bool named = told.names > 0 && dims[1] == 4 + std::int64_t(told.names);
    if (!round || (dims[1] == 6 && !named)) return unlikely("one output of rows that are no set of queries", input);
    return {.score = dims[1] == 6 ? 0.6 : 0.7 * doubt(told, dims[1] - 4),
            .reason = "a round number of queries with boxes and classes",
            .settings = {},
            .input = input};
  }
  sdk::Match m{.score = dims[0] == kUnknown ? 0.3 : 0.75, .reason = "class scores and boxes for each query"};
  m.input.resize = sdk::Resize::stretch;
  if (roles.classes == 92) {  // DETR with COCO's 91 ids: normalised like ImageNet
    m.input.mean = {123.675f, 116.28f, 103.53f};
    m.input.scale = {1 / 58.395f, 1 / 57.12f, 1 / 57.375f};
    m.settings.set("no_object", "true");
    if (last_activation(d, std::size_t(roles.scores)) != Activation::softmax) m.settings.set("activation", "softmax");
  }
  return m;
}

class Detr final : public sdk::Decoder {
 public:
  Detr(const sdk::ModelDescription& d, const sdk::Params& params) {
    const Roles roles = roles_of(d.outputs);
    settings_ = read_settings(d, params, {.score = 0.5f}, roles ? roles.classes : -1);
    classes_ = roles ? roles.classes : 0;
    const std::string name = params.text("activation", "auto");
    no_object_ = params.flag("no_object", name == "softmax");
    if (name == "none") activation_ = Activation::none;
    else if (name == "sigmoid") activation_ = Activation::sigmoid;
    else if (name == "softmax") activation_ = Activation::softmax;
    else if (name != "auto") {
      throw Error(ErrorCode::invalid_argument,
                  "option 'activation': found '" + name + "', accepted are auto, none, sigmoid, softmax");
    } else if (roles && roles.boxes != roles.scores) {
      const auto last = last_activation(d, std::size_t(roles.scores));
      if (last && *last != Activation::none) activation_ = Activation::none;  // the graph has applied it
    }
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const Roles roles = roles_of(outputs);
    if (!roles || (classes_ > 0 && roles.classes != classes_)) {
      refuse_output("detr", outputs[0], "[queries, 4 + classes], or [queries, classes] and [queries, 4]");
    }
    const float* boxes = floats(outputs[std::size_t(roles.boxes)], scratch_[0]);
    const float* scores = floats(outputs[std::size_t(roles.scores)], scratch_[1]);
    const bool joint = roles.boxes == roles.scores;
    const std::size_t box_width = joint ? std::size_t(roles.classes) + 4 : 4;
    const std::size_t score_width = joint ? box_width : std::size_t(roles.classes);
    const auto queries = std::size_t(image_dims(outputs[0].dims)[0]);
    if (joint) scores += 4;
    // One look at values that leave 0..1 is enough: they are logits, whatever later frames hold.
    for (std::size_t q = 0; q < queries && !activation_ && !logits_seen_; ++q) {
      logits_seen_ = !are_probabilities(scores + q * score_width, std::size_t(roles.classes));
    }
    const Activation activation = activation_.value_or(logits_seen_ ? Activation::sigmoid : Activation::none);
    check_boxes(boxes, box_width, queries, outputs[std::size_t(roles.boxes)]);
    boxes_.clear();
    row_.resize(std::size_t(roles.classes));
    for (std::size_t q = 0; q < queries; ++q) {
      add(boxes + q * box_width, scores + q * score_width, roles.classes, activation, geometry, std::int64_t(q));
    }
    finish(boxes_, settings_, geometry, result, {}, false);
  }

 private:
  void add(const float* box, const float* scores, int classes, Activation activation, const sdk::Geometry& geometry,
           std::int64_t query) {
    std::copy_n(scores, classes, row_.begin());
    if (activation == Activation::softmax) softmax(row_.data(), row_.size());
    const int best = best_of(row_.data(), classes - (no_object_ ? 1 : 0));
    const float value = row_[std::size_t(best)];
    const float score = activation == Activation::sigmoid ? sigmoid(value) : value;
    if (!(score >= settings_.score) || !settings_.wants(best)) return;
    const float sx = float(geometry.network_width), sy = float(geometry.network_height);
    boxes_.push_back({(box[0] - box[2] / 2) * sx, (box[1] - box[3] / 2) * sy, (box[0] + box[2] / 2) * sx,
                      (box[1] + box[3] / 2) * sy, score, best, query});
  }

  /// Centres and sizes are parts of the input: rows of anything else would be boxes of nonsense.
  static void check_boxes(const float* boxes, std::size_t width, std::size_t queries, const sdk::TensorView& tensor) {
    std::size_t outside = 0;
    for (std::size_t q = 0; q < queries; ++q) {
      for (std::size_t k = 0; k < 4; ++k) outside += boxes[q * width + k] > 4 ? 1 : 0;
    }
    if (queries > 0 && outside * 20 > queries) {
      refuse_output("detr", tensor, "centres and sizes as parts of the input, 0..1; found values above 4");
    }
  }

  Settings settings_;
  std::optional<Activation> activation_;  ///< nothing: by the values
  bool logits_seen_ = false, no_object_ = false;
  int classes_ = 0;  ///< 0: open
  std::vector<Box> boxes_;
  std::vector<float> scratch_[2], row_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Detr>(d, params);
}

}  // namespace

const sdk::DecoderRow kDetr{"detr", "DETR, RT-DETR: queries without suppression", match, create, kRows};

}  // namespace vireo::decode
