// RetinaFace (Deng et al., 2019, arXiv:1905.00641) and detectors with its priors: box offsets [N,4], scores [N,2]
// (background, object; softmax) and landmark offsets [N,2k] for k points, over square priors. Also YuNet of 2021, whose
// offsets and landmarks share one output [N,14] and whose third output is the predicted IoU [N,1]:
// score = sqrt(object x IoU). Offsets are SSD's: centre = prior + t * 0.1 * size, size = prior * exp(t * 0.2).
// The priors follow from N: two sizes a cell at strides 8, 16, 32, or YuNet's 3, 2, 2, 3 at strides 8 to 64. Detectors
// of four corners (licence plates) are trained with priors half as large again.

#include <algorithm>
#include <array>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"

namespace vireo::decode {
namespace {

struct PriorLevel {
  int stride;
  std::vector<float> sizes;  ///< network pixels
};
using PriorSet = std::vector<PriorLevel>;

const PriorSet kRetina{{8, {16, 32}}, {16, {64, 128}}, {32, {256, 512}}};
const PriorSet kPlate{{8, {24, 48}}, {16, {96, 192}}, {32, {384, 768}}};
const PriorSet kYunet2021{{8, {10, 16, 24}}, {16, {32, 48}}, {32, {64, 96}}, {64, {128, 192, 256}}};
constexpr float kCentreVariance = 0.1f, kSizeVariance = 0.2f;

constexpr sdk::ParamRow kRows[] = {
    {"min_sizes", "six numbers", "16,32,64,128,256,512; for corners x 1.5",
     "sides of the two priors at strides 8, 16, 32"},
};

/// Positions of the outputs by meaning; `points` equals `box` when landmarks share its rows.
struct Roles {
  int box = -1, conf = -1, points = -1, iou = -1;
  int box_width = 0, landmarks = 0;
  [[nodiscard]] explicit operator bool() const { return box >= 0 && conf >= 0; }
};

Roles roles_of(std::span<const Dims> shapes) {
  Roles roles;
  if (shapes.size() < 2 || shapes.size() > 3) return {};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Dims dims = image_dims(shapes[i]);
    if (dims.size() != 2 || !fits(dims[0], image_dims(shapes[0])[0])) return {};
    const auto width = dims[1];
    if (width == 2 && roles.conf < 0) roles.conf = int(i);
    else if (width == 1 && roles.iou < 0) roles.iou = int(i);
    else if (width == 4 && roles.box < 0) roles.box = int(i);
    else if (width >= 6 && width % 2 == 0 && width <= 1024 && roles.points < 0) roles.points = int(i);
    else return {};
    if (width == 4) roles.box_width = 4;
  }
  if (roles.box < 0 && roles.points >= 0 && roles.iou >= 0) {  // rows of box and landmarks together
    roles.box = roles.points;
    roles.box_width = int(image_dims(shapes[std::size_t(roles.box)])[1]);
    roles.landmarks = (roles.box_width - 4) / 2;
  } else if (roles.points >= 0) {
    roles.landmarks = int(image_dims(shapes[std::size_t(roles.points)])[1] / 2);
  }
  return roles;
}

std::int64_t prior_count(const PriorSet& set, Size size) {
  std::int64_t count = 0;
  for (const auto& level : set) {
    count += std::int64_t(level.sizes.size()) * cells(size.width, level.stride) * cells(size.height, level.stride);
  }
  return count;
}

const PriorSet* priors_for(std::int64_t count, Size size, int landmarks) {
  for (const auto* set : {landmarks == 4 ? &kPlate : &kRetina, &kYunet2021}) {
    if (prior_count(*set, size) == count) return set;
  }
  return nullptr;
}

sdk::InputStyle style(bool subtract_mean) {
  sdk::InputStyle s{.color = sdk::ColorOrder::bgr, .scale = {1, 1, 1}, .align = sdk::Align::top_left};
  if (subtract_mean) s.mean = {104, 117, 123};
  return s;
}

/// Unknown widths (a graph with shapes computed inside): three outputs of rows, softmax on the middle one alone.
sdk::Match match_open(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 3) return no_match("takes boxes, scores and landmarks");
  for (const auto& output : d.outputs) {
    const Dims dims = image_dims(output.dims);
    if (dims.size() != 2 || (dims[1] != kUnknown && dims[1] > 256))
      return no_match("takes boxes, scores and landmarks");
  }
  const bool middle = tail_has(d, 1, "Softmax").value_or(false);
  const bool outer = tail_has(d, 0, "Softmax").value_or(true) || tail_has(d, 2, "Softmax").value_or(true);
  if (!middle || outer) return no_match("widths are open and the scores can't be told from the graph");
  return {
      .score = 0.5, .reason = "three lists of rows, softmax on the middle one", .settings = {}, .input = style(true)};
}

sdk::Match match(const sdk::ModelDescription& d) {
  std::vector<Dims> shapes;
  for (const auto& output : d.outputs) {
    shapes.push_back(output.dims);
    const Dims dims = image_dims(output.dims);
    if (dims.size() == 2 && dims[1] == kUnknown) return match_open(d);
  }
  const Roles roles = roles_of(shapes);
  if (!roles) return no_match("takes boxes [N,4], scores [N,2] and landmarks [N,2k]");
  const Size size = input_size(d);
  const auto count = image_dims(shapes[0])[0];
  const bool combined = roles.iou >= 0;
  const bool open = !size.known() || count == kUnknown;
  if (!open && priors_for(count, size, roles.landmarks) == nullptr)
    return no_match("the number of rows is not that of known priors");
  sdk::Match m{.score = roles.landmarks > 0 ? 0.9 : 0.35, .reason = "boxes, two scores and landmarks over priors"};
  m.input = style(!combined);
  // Boxes and scores alone are also what finished boxes look like; a decoding tail speaks against priors outside.
  if (roles.landmarks == 0 && tail_has(d, std::size_t(roles.box), "Exp").value_or(false))
    m = no_match("boxes are decoded in the graph");
  if (open) m.score *= 0.7;
  return m;
}

class Retinaface final : public sdk::Decoder {
 public:
  Retinaface(const sdk::ModelDescription& d, const sdk::Params& params) {
    int landmarks = 0;
    std::vector<Dims> shapes;
    for (const auto& output : d.outputs) shapes.push_back(output.dims);
    if (const Roles roles = roles_of(shapes)) landmarks = roles.landmarks;
    // Five points are a face's, four are corners.
    settings_ = read_settings(
        d, params, {.score = 0.6f, .iou = 0.4f, .only_label = landmarks == 4 ? "plate" : "face"}, 1);
    const auto sizes = params.numbers("min_sizes");
    if (sizes.empty()) return;
    if (sizes.size() != 6 || *std::min_element(sizes.begin(), sizes.end()) <= 0) {
      throw Error(ErrorCode::invalid_argument, "option 'min_sizes': found '" + params.text("min_sizes") +
                                                   "', accepted are six numbers above 0");
    }
    custom_ = kRetina;
    for (std::size_t i = 0; i < 6; ++i) custom_[i / 2].sizes[i % 2] = float(sizes[i]);
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    std::vector<Dims> shapes;
    for (const auto& output : outputs) shapes.push_back(output.dims);
    const Roles roles = roles_of(shapes);
    const Size size{geometry.network_width, geometry.network_height};
    if (!roles) refuse_output("retinaface", outputs[0], "boxes [N,4], scores [N,2] and landmarks [N,2k]");
    const auto count = image_dims(shapes[std::size_t(roles.box)])[0];
    const PriorSet* set = custom_.empty() ? priors_for(count, size, roles.landmarks) : &custom_;
    if (set == nullptr || prior_count(*set, size) != count) {
      refuse_output("retinaface", outputs[std::size_t(roles.box)], "as many rows as the input has priors");
    }
    scratch_.resize(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (count_of(outputs[i]) < std::size_t(count)) refuse_output("retinaface", outputs[i], "one row a prior");
    }
    const auto data = [&](int i) { return floats(outputs[std::size_t(i)], scratch_[std::size_t(i)]); };
    const float* points = roles.landmarks > 0 ? data(roles.points) : nullptr;
    const int points_width = roles.box == roles.points ? roles.box_width : 2 * roles.landmarks;
    if (points != nullptr && roles.box == roles.points) points += 4;
    boxes_.clear();
    priors_.clear();
    collect(*set, size, data(roles.box), roles.box_width, data(roles.conf), roles.iou >= 0 ? data(roles.iou) : nullptr);
    finish(boxes_, settings_, geometry, result, [&](const Box& box, std::vector<sdk::Keypoint>& out) {
      const auto& prior = priors_[std::size_t(box.index)];
      const float* at = points + prior.row * points_width;
      for (int k = 0; k < roles.landmarks; ++k) {
        out.push_back({prior.cx + at[2 * k] * kCentreVariance * prior.size,
                       prior.cy + at[2 * k + 1] * kCentreVariance * prior.size});
      }
    });
  }

 private:
  struct Prior {
    float cx, cy, size;
    std::int64_t row;
  };

  void collect(const PriorSet& set, Size size, const float* box, int box_width, const float* conf, const float* iou) {
    std::int64_t row = 0;
    for (const auto& level : set) {
      const int columns = cells(size.width, level.stride), lines = cells(size.height, level.stride);
      for (int y = 0; y < lines; ++y) {
        for (int x = 0; x < columns; ++x) {
          for (const float side : level.sizes) {
            const float score = score_of(conf + 2 * row, iou == nullptr ? nullptr : iou + row);
            if (score >= settings_.score) {
              const float stride = float(level.stride);
              add({(float(x) + 0.5f) * stride, (float(y) + 0.5f) * stride, side, row}, box + row * box_width, score);
            }
            ++row;
          }
        }
      }
    }
  }

  static float score_of(const float* conf, const float* iou) {
    const float sum = conf[0] + conf[1];
    const bool softmaxed = conf[0] >= 0 && conf[1] >= 0 && std::abs(sum - 1) < 1e-2f;
    const float object = softmaxed ? conf[1] : sigmoid(conf[1] - conf[0]);
    return iou == nullptr ? object : std::sqrt(object * std::clamp(*iou, 0.0f, 1.0f));
  }

  void add(const Prior& prior, const float* t, float score) {
    const float cx = prior.cx + t[0] * kCentreVariance * prior.size,
                cy = prior.cy + t[1] * kCentreVariance * prior.size;
    const float w = prior.size * std::exp(t[2] * kSizeVariance), h = prior.size * std::exp(t[3] * kSizeVariance);
    boxes_.push_back({cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score, 0, std::int64_t(priors_.size())});
    priors_.push_back(prior);
  }

  Settings settings_;
  PriorSet custom_;
  std::vector<Box> boxes_;
  std::vector<Prior> priors_;  ///< of each box
  std::vector<std::vector<float>> scratch_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Retinaface>(d, params);
}

}  // namespace

const sdk::DecoderRow kRetinaface{"retinaface", "RetinaFace and kin: priors, landmarks or plate corners", match, create,
                                  kRows};

}  // namespace vireo::decode
