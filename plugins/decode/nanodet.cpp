// NanoDet and PicoDet: anchor-free heads whose box sides are distributions (generalized focal loss, Li et al., 2020,
// arXiv:2006.04388). Each cell gives class scores and 4 x (reg_max + 1) logits; a side's distance from the cell's
// centre is stride x the mean of softmax(logits) over 0..reg_max. Two forms: scores and distributions as separate
// outputs for each stride, or one output [cells of all strides, classes + 4 x (reg_max + 1)]. Centres lie at (cell +
// 1/2) x stride; NanoDet-Plus, known by four strides in one output, uses cell x stride.

#include <algorithm>
#include <array>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

constexpr int kStrides[] = {8, 16, 32, 64};
constexpr int kUsualBins[] = {8, 17};  // reg_max 7 (NanoDet, PicoDet) and 16
constexpr int kMaxBins = 64;
constexpr sdk::ParamRow kRows[] = {
    {"reg_max", "1..63", "from the shapes", "greatest distance of a side, in strides"},
    {"cell_offset", "0..1", "0.5; 0 for NanoDet-Plus", "centre of a cell, in cells"},
};

/// Letterboxed although some training recipes stretch: on 128 labelled COCO pictures that gives mAP 0.305 against
/// 0.280.
sdk::InputStyle style() {
  return {.color = sdk::ColorOrder::bgr,
          .mean = {103.53f, 116.28f, 123.675f},
          .scale = {1 / 57.375f, 1 / 57.12f, 1 / 58.395f}};
}

/// One stride's part of the outputs: rows of `cls` and of `reg` start `row` cells in.
struct Level {
  int stride;
  std::size_t cls, reg;
  std::int64_t row;
};

struct Plan {
  std::vector<Level> levels;
  int classes = 0, bins = 0;
  bool merged = false;
  [[nodiscard]] explicit operator bool() const { return !levels.empty(); }
};

Plan plan_merged(const Dims& dims, Size size, int bins) {
  Plan plan;
  for (const std::size_t count : {3u, 4u}) {
    const std::span strides(kStrides, count);
    if (grid_cells(size, strides) != dims[0] || dims[1] <= 4 * bins) continue;
    std::int64_t row = 0;
    for (const int stride : strides) {
      plan.levels.push_back({stride, 0, 0, row});
      row += std::int64_t(cells(size.width, stride)) * cells(size.height, stride);
    }
    plan.classes = int(dims[1]) - 4 * bins;
    plan.bins = bins;
    plan.merged = true;
    return plan;
  }
  return plan;
}

bool usual_width(std::int64_t width) {
  return std::any_of(std::begin(kUsualBins), std::end(kUsualBins), [&](int bins) { return width == 4 * bins; });
}

/// Which of two outputs of a stride holds distributions: the one of a usual width, else the later one.
bool first_is_boxes(std::int64_t first, std::int64_t second, int bins) {
  if (bins > 0) return first == 4 * bins && second != 4 * bins;
  return usual_width(first) && !usual_width(second);
}

Plan plan_separate(const std::vector<Dims>& dims, Size size, int bins) {
  Plan plan;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    for (std::size_t j = i + 1; j < dims.size(); ++j) {
      if (dims[i][0] != dims[j][0]) continue;
      const bool swapped = first_is_boxes(dims[i][1], dims[j][1], bins);
      const std::size_t cls = swapped ? j : i, reg = swapped ? i : j;
      const auto stride = std::find_if(std::begin(kStrides), std::end(kStrides), [&](int s) {
        return std::int64_t(cells(size.width, s)) * cells(size.height, s) == dims[i][0];
      });
      const bool fresh = plan.levels.empty();
      if (stride == std::end(kStrides) || dims[reg][1] % 4 != 0 || dims[reg][1] < 8) return {};
      if (!fresh && (dims[cls][1] != plan.classes || dims[reg][1] != 4 * plan.bins)) return {};
      plan.classes = int(dims[cls][1]);
      plan.bins = int(dims[reg][1] / 4);
      plan.levels.push_back({*stride, cls, reg, 0});
    }
  }
  if (plan.levels.size() * 2 != dims.size()) return {};
  return plan;
}

Plan plan_for(const std::vector<Dims>& dims, Size size, int bins) {
  for (const auto& shape : dims) {
    if (shape.size() != 2 || !is_static(shape) || shape[1] > 65536) return {};
  }
  if (dims.size() == 1) return plan_merged(dims[0], size, bins > 0 ? bins : kUsualBins[0]);
  return plan_separate(dims, size, bins);
}

sdk::Match match(const sdk::ModelDescription& d) {
  const Size size = input_size(d);
  if (!size.known()) return no_match("needs an input of known size");
  std::vector<Dims> dims;
  for (const auto& output : d.outputs) dims.push_back(image_dims(output.dims));
  const Plan plan = plan_for(dims, size, 0);
  if (!plan) return no_match("takes scores and distributions for each stride, apart or side by side");
  if (plan.bins > kMaxBins) return no_match("distributions have too many bins");
  sdk::Match m{.score = 0.95, .reason = "scores and side distributions for each stride", .input = style()};
  if (plan.merged) {
    // Rows of the same count are YOLOX's too: believe the width where it is COCO's, or the fourth stride.
    m.score = plan.classes == 80 ? 0.95 : plan.levels.size() == 4 ? 0.7 : 0.45;
    m.reason = "one row a cell, as wide as " + std::to_string(plan.classes) + " classes and 4 distributions";
    constexpr std::string_view kDecoding[] = {"Exp", "Mul", "Add", "Sub", "Pow"};
    if (tail_has_any(d, 0, kDecoding).value_or(false)) return no_match("rows are decoded in the graph");
  }
  return m;
}

class Nanodet final : public sdk::Decoder {
 public:
  Nanodet(const sdk::ModelDescription& d, const sdk::Params& params)
      : bins_(params.has("reg_max") ? int(params.integer("reg_max", 7, 1, kMaxBins - 1)) + 1 : 0) {
    if (params.has("cell_offset")) offset_ = float(params.number("cell_offset", 0.5, 0, 1));
    std::vector<Dims> dims;
    for (const auto& output : d.outputs) dims.push_back(image_dims(output.dims));
    for (std::size_t i = 0; i < dims.size(); ++i) {
      const auto last = last_activation(d, i);
      activated_.push_back(last && *last != Activation::none);
    }
    const Plan plan = plan_for(dims, input_size(d), bins_);
    settings_ = read_settings(d, params, {.score = 0.35f, .iou = 0.5f}, plan ? plan.classes : -1);
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    std::vector<Dims> dims;
    for (const auto& output : outputs) dims.push_back(image_dims(output.dims));
    const Size size{geometry.network_width, geometry.network_height};
    const Plan plan = plan_for(dims, size, bins_);
    if (!plan || plan.bins > kMaxBins) {
      refuse_output("nanodet", outputs[0], "[cells, classes] and [cells, 4 x bins] for each stride, or both in one");
    }
    scratch_.resize(outputs.size());
    boxes_.clear();
    for (const Level& level : plan.levels) {
      const float* cls = floats(outputs[level.cls], scratch_[level.cls]);
      const float* reg = floats(outputs[level.reg], scratch_[level.reg]);
      const auto cls_width = std::size_t(dims[level.cls][1]), reg_width = std::size_t(dims[level.reg][1]);
      cls += std::size_t(level.row) * cls_width;
      reg += std::size_t(level.row) * reg_width + (plan.merged ? std::size_t(plan.classes) : 0);
      decode_level(plan, level, size, cls, cls_width, reg, reg_width);
    }
    finish(boxes_, settings_, geometry, result);
  }

 private:
  void decode_level(const Plan& plan, const Level& level, Size size, const float* cls, std::size_t cls_width,
                    const float* reg, std::size_t reg_width) {
    const int columns = cells(size.width, level.stride), lines = cells(size.height, level.stride);
    const auto count = std::size_t(columns) * std::size_t(lines);
    // Each frame is asked anew where the graph doesn't tell: logits of one may all lie in 0..1.
    const bool told = !plan.merged && level.cls < activated_.size() && activated_[level.cls];
    bool logits = false;
    for (std::size_t i = 0; i < count && !logits && !told; ++i) {
      logits = !are_probabilities(cls + i * cls_width, std::size_t(plan.classes));
    }
    const float threshold = logits ? logit(settings_.score) : settings_.score;
    const float offset = offset_.value_or(plan.merged && plan.levels.size() == 4 ? 0.0f : 0.5f);
    for (std::size_t i = 0; i < count; ++i) {
      const float* scores = cls + i * cls_width;
      if (!any_reaches(scores, plan.classes, threshold)) continue;
      const int best = best_of(scores, plan.classes);
      if (!settings_.wants(best)) continue;
      const float cx = (float(int(i) % columns) + offset) * float(level.stride);
      const float cy = (float(int(i) / columns) + offset) * float(level.stride);
      std::array<float, 4> side{};
      for (std::size_t s = 0; s < 4; ++s) {
        side[s] = distance(reg + i * reg_width + s * std::size_t(plan.bins), plan.bins) * float(level.stride);
      }
      boxes_.push_back({cx - side[0], cy - side[1], cx + side[2], cy + side[3],
                        logits ? sigmoid(scores[best]) : scores[best], best,
                        std::int64_t(level.stride) << 32 | std::int64_t(i)});
    }
  }

  static float distance(const float* logits, int bins) {
    std::array<float, kMaxBins> weights;
    std::copy_n(logits, bins, weights.begin());
    softmax(weights.data(), std::size_t(bins));
    float mean = 0;
    for (int b = 1; b < bins; ++b) mean += float(b) * weights[std::size_t(b)];
    return mean;
  }

  Settings settings_;
  int bins_;
  std::optional<float> offset_;
  std::vector<char> activated_;  ///< outputs that the graph ends with a sigmoid or softmax
  std::vector<Box> boxes_;
  std::vector<std::vector<float>> scratch_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Nanodet>(d, params);
}

}  // namespace

const sdk::DecoderRow kNanodet{"nanodet", "NanoDet, NanoDet-Plus, PicoDet: side distributions", match, create, kRows};

}  // namespace vireo::decode
