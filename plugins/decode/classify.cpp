// Image classification: one output with a score for each class, [N] for one image (trailing extents of 1 allowed).
// Softmax is applied where the graph does not end
// with it or with a sigmoid for each class; without a graph to look at, where the values don't add up to 1.

#include <algorithm>
#include <numeric>

#include "plugins/decode/families.h"
#include "plugins/decode/labels.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr sdk::ParamRow kRows[] = {
    {"top", "1..1000", "5", "classes reported for a frame"},
    {"softmax", "auto|true|false", "auto", "scores are logits"},
};

/// Lengths of the usual feature vectors, and what scales one to length 1.
constexpr std::int64_t kFeatures[] = {64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024, 1280, 1536, 1792, 2048};
constexpr std::string_view kNormalizing[] = {"ReduceL2", "LpNormalization"};

/// Number of classes; 0 where the shape is no list of scores.
std::int64_t class_count(const Dims& dims) {
  if (dims.size() < 2) return dims.size() == 1 ? dims[0] : 0;
  for (std::size_t i = 2; i < dims.size(); ++i) {
    if (dims[i] != 1) return 0;
  }
  return dims[0] == 1 || dims[0] == kUnknown ? dims[1] : 0;
}

/// ImageNet training's usual normalisation; digits and other gray pictures are given as they are.
sdk::InputStyle style(const sdk::ModelDescription& d) {
  for (const auto& input : d.inputs) {
    if (input.dims.size() == 4 && (input.dims[1] == 1 || input.dims[3] == 1)) {
      return {.color = sdk::ColorOrder::gray, .scale = {1, 1, 1}, .resize = sdk::Resize::stretch};
    }
  }
  return {.mean = {123.675f, 116.28f, 103.53f},
          .scale = {1 / 58.395f, 1 / 57.12f, 1 / 57.375f},
          .resize = sdk::Resize::crop,
          .crop_percent = 88};
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 1) return no_match("takes one output");
  const auto classes = class_count(d.outputs[0].dims);
  if (classes < 2) return no_match("takes one list of class scores");
  sdk::Match m{
      .score = 0.4, .reason = "one list of " + std::to_string(classes) + " values", .settings = {}, .input = style(d)};
  const auto names = choose_labels(d, {}, int(classes));
  const auto last = last_activation(d, 0);
  if (last) m.settings.set("softmax", *last == Activation::none ? "auto" : "false");
  const bool named = !names.empty() && names.size() == std::size_t(classes);
  if (named) m.score = 0.95;
  if (last && *last != Activation::none) m.score = std::max(m.score, 0.85);
  if (classes > 0 && classes <= 20) m.score = std::max(m.score, 0.5);
  const bool normalized = tail_has_any(d, 0, kNormalizing).value_or(false);
  const bool usual = std::find(std::begin(kFeatures), std::end(kFeatures), classes) != std::end(kFeatures);
  if (!named && (!last || *last == Activation::none) && (usual || normalized)) {
    return unlikely("a list of " + std::to_string(classes) +
                        " values without names or softmax is as likely a feature vector (re-identification)",
                    style(d));
  }
  return m;
}

class Classify final : public sdk::Decoder {
 public:
  Classify(const sdk::ModelDescription& d, const sdk::Params& params)
      : top_(std::size_t(params.integer("top", 5, 1, 1000))),
        settings_(
            read_settings(d, params, {.score = 0}, d.outputs.empty() ? -1 : int(class_count(d.outputs[0].dims)))) {
    if (!d.outputs.empty()) classes_ = class_count(d.outputs[0].dims);
    if (params.text("softmax", "auto") != "auto") softmax_ = params.flag("softmax", true);
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry&, sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const auto classes = class_count(tensor.dims);
    if (classes < 2 || (classes_ > 0 && classes != classes_))
      refuse_output("classify", tensor, "one list of class scores");
    const float* scores = floats(tensor, scratch_);
    values_.assign(scores, scores + classes);
    const float sum = std::accumulate(values_.begin(), values_.end(), 0.0f);
    const bool probabilities = are_probabilities(values_.data(), values_.size()) && std::abs(sum - 1) < 0.02f;
    if (softmax_.value_or(!probabilities)) softmax(values_.data(), values_.size());
    order_.resize(values_.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::erase_if(order_,
                  [&](int id) { return !settings_.wants(id) || !(values_[std::size_t(id)] >= settings_.score); });
    const std::size_t count = std::min(top_, order_.size());
    std::partial_sort(order_.begin(), order_.begin() + std::ptrdiff_t(count), order_.end(), [&](int a, int b) {
      const float va = values_[std::size_t(a)], vb = values_[std::size_t(b)];
      return va != vb ? va > vb : a < b;
    });
    for (std::size_t i = 0; i < count; ++i) {
      result.classes.push_back({order_[i], settings_.label(order_[i]), values_[std::size_t(order_[i])]});
    }
  }

 private:
  std::size_t top_;
  std::int64_t classes_ = 0;  ///< not above 0: open
  Settings settings_;
  std::optional<bool> softmax_;
  std::vector<float> scratch_, values_;
  std::vector<int> order_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Classify>(d, params);
}

}  // namespace

const sdk::DecoderRow kClassify{"classify", "image classification: best classes of a frame", match, create, kRows};

}  // namespace vireo::decode
