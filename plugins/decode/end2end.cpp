// Heads whose graph ends with its own selection: rows of x1, y1, x2, y2, score, class in network pixels, best first and
// padded with zeros (YOLOv10, YOLO26, exports with NMS inside), then what the task adds: keypoints (pose), mask
// coefficients (segment: a second output holds the prototypes) or an angle in radians (obb: the box is then its centre
// and size). RT-DETR's newer exports have the same rows with centre and size as parts of the input. Without a batch
// axis, seven columns are those of YOLOv7 exports: image, x1, y1, x2, y2, class, score.
// The metadata of the usual exporter says which; without it rows of 6, COCO's poses (6 + 17 x 3) and coefficients
// beside prototypes are known.

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/masks.h"
#include "plugins/decode/shared.h"
#include "plugins/decode/told.h"

namespace vireo::decode {
namespace {

constexpr std::string_view kSelectingOps[] = {"TopK", "GatherElements",   "GatherND", "ScatterND",
                                              "Mod",  "NonMaxSuppression"};
constexpr sdk::ParamRow kRows[] = {
    {"keypoints", "0..512", "from the model", "keypoints of each row"},
    {"keypoint_values", "2|3", "from the model", "values of a keypoint: x, y and maybe visibility"},
    {"angle", "true|false", "from the model", "the last column is a rotation in radians"},
    {"box", "xyxy|cxcywh", "from the model", "corners, or centre and size"},
    {"normalized", "auto|true|false", "auto", "coordinates are parts of the input, not pixels"},
};

struct Extras {
  int keypoints = 0, values = 3, masks = 0;
  bool angle = false;
  [[nodiscard]] int width() const { return 6 + keypoints * values + masks + (angle ? 1 : 0); }
};

/// What the columns past six are, where the metadata or the shapes tell.
std::optional<Extras> extras_of(const sdk::ModelDescription& d, const Told& told, std::int64_t width) {
  Extras extras;
  extras.values = told.keypoint_values;
  extras.masks = d.outputs.size() == 2 ? prototype_channels(d, 1) : 0;
  if (told.task == "obb" || (told.task.empty() && width == 7 && tail_has_any(d, 0, kSelectingOps).value_or(false))) {
    extras.angle = true;
  }
  if (told.keypoints > 0) {
    extras.keypoints = told.keypoints;
  } else if (told.task == "pose" && width > 6) {
    extras.values = (width - 6) % 3 == 0 ? 3 : 2;
    extras.keypoints = int(width - 6) / extras.values;
  } else if (told.task.empty() && extras.masks == 0 && width == 57) {
    extras.keypoints = 17;
  }
  if (extras.width() != width) return std::nullopt;
  return extras;
}

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.empty() || d.outputs.size() > 2) return no_match("takes one output, two for segmentation");
  const Dims& full = d.outputs[0].dims;
  const Dims dims = image_dims(full);
  if (dims.size() != 2 || dims[1] < 6) return no_match("takes rows of 6 values and more");
  if (full.size() == 2) {
    if (d.outputs.size() != 1 || dims[1] > 7) return no_match("rows without a batch axis have 6 or 7 values");
    return {.score = dims[0] > 1000        ? 0.1
                     : dims[0] == kUnknown ? 0.4
                                           : 0.8,
            .reason = "a short list of finished boxes"};
  }
  const Told told = told_by(d);
  const auto extras = extras_of(d, told, dims[1]);
  if (!extras) return no_match("rows are not 6 values and what the task adds");
  if (dims[0] > 1000) return unlikely("more rows than a selection keeps");
  // Rows of six are also two classes' scores beside a box: DETR.
  const bool detr =
      told.names == 2 && dims[1] == 6 && told.selected == false && told.head.find("DETR") != std::string::npos;
  if (detr && tail_has(d, 0, "Sigmoid").value_or(false) && !tail_has_any(d, 0, kSelectingOps).value_or(false)) {
    return unlikely("two classes' scores beside each box");
  }
  sdk::Match m{.score = dims[0] == kUnknown ? 0.4 : 0.8, .reason = "a short list of finished boxes"};
  if (told.selected == true || (!told.task.empty() && dims[1] != 6)) m.score = 0.95;
  m.settings.set("keypoints", std::to_string(extras->keypoints));
  m.settings.set("keypoint_values", std::to_string(extras->values));
  m.settings.set("angle", extras->angle ? "true" : "false");
  if (extras->angle || told.head.find("DETR") != std::string::npos) m.settings.set("box", "cxcywh");
  if (told.head.find("DETR") != std::string::npos) m.input.resize = sdk::Resize::stretch;
  if (extras->keypoints > 0) m.reason += " with keypoints";
  if (extras->masks > 0) m.reason += " with mask coefficients";
  if (extras->angle) m.reason += " with angles";
  return m;
}

class End2end final : public sdk::Decoder {
 public:
  End2end(const sdk::ModelDescription& d, const sdk::Params& params) {
    extras_.keypoints = int(params.integer("keypoints", 0, 0, 512));
    extras_.values = int(params.integer("keypoint_values", 3, 2, 3));
    extras_.angle = params.flag("angle", false);
    extras_.masks = d.outputs.size() == 2 ? prototype_channels(d, 1) : 0;
    const std::string box = params.text("box", "xyxy");
    if (box != "xyxy" && box != "cxcywh") {
      throw Error(ErrorCode::invalid_argument, "option 'box': found '" + box + "', accepted are xyxy, cxcywh");
    }
    centred_ = box == "cxcywh";
    if (params.text("normalized", "auto") != "auto") normalized_ = params.flag("normalized", false);
    settings_ = read_settings(d, params, {.score = 0.25f}, -1);
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const Dims dims = image_dims(tensor.dims);
    const bool indexed = tensor.dims.size() == 2 && dims[1] == 7;
    const int needed = indexed ? 7 : extras_.width();
    if (dims.size() != 2 || dims[1] != needed || (extras_.masks > 0 && outputs.size() != 2)) {
      refuse_output("end2end", tensor, "[rows, " + std::to_string(needed) + "]");
    }
    const float* rows = floats(tensor, scratch_[0]);
    const auto width = std::size_t(dims[1]), count = std::size_t(dims[0]);
    if (!normalized_ && centred_ && !extras_.angle)
      normalized_ = look_at_scale(rows + (indexed ? 1 : 0), width, count, indexed ? 5 : 4);
    const float sx = normalized_.value_or(false) ? float(geometry.network_width) : 1;
    const float sy = normalized_.value_or(false) ? float(geometry.network_height) : 1;
    boxes_.clear();
    for (std::size_t i = 0; i < count; ++i) add(rows + i * width + (indexed ? 1 : 0), width, indexed, sx, sy, i);
    const std::size_t before = result.detections.size();
    finish(
        boxes_, settings_, geometry, result,
        [&](const Box& box, std::vector<sdk::Keypoint>& points) {
          const float* at = rows + std::size_t(box.index) * width + 6;
          for (int k = 0; k < extras_.keypoints; ++k, at += extras_.values) {
            points.push_back({at[0] * sx, at[1] * sy, extras_.values == 3 ? at[2] : 1.0f});
          }
        },
        false);
    if (extras_.masks == 0 || boxes_.empty()) return;
    const Prototypes prototypes = prototypes_of("end2end", outputs[1], extras_.masks, scratch_[1]);
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const float* at = rows + std::size_t(boxes_[i].index) * width + 6 + extras_.keypoints * extras_.values;
      result.detections[before + i].mask = mask_of(prototypes, at, 1, boxes_[i], geometry);
    }
  }

 private:
  /// Whether centres and sizes are parts of the input: a fact of the model, seen as soon as a row has a score.
  static std::optional<bool> look_at_scale(const float* rows, std::size_t width, std::size_t count, std::size_t score) {
    float reach = 0;
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
      const float* row = rows + i * width;
      if (!(row[score] > 0.05f)) continue;
      any = true;
      for (std::size_t k = 0; k < 4; ++k) reach = std::max(reach, row[k]);
    }
    if (!any) return std::nullopt;
    return reach <= 2;
  }

  void add(const float* row, std::size_t width, bool indexed, float sx, float sy, std::size_t index) {
    const float score = indexed ? row[5] : row[4], id = indexed ? row[4] : row[5];
    if (!(score >= settings_.score) || !(id >= 0) || !(id < 65536)) return;
    if (!settings_.wants(int(id + 0.5f))) return;
    Box box{row[0] * sx, row[1] * sy, row[2] * sx, row[3] * sy, score, int(id + 0.5f), std::int64_t(index)};
    if (centred_ || extras_.angle) {
      const float w = box.x2, h = box.y2;
      box.x1 -= w / 2, box.y1 -= h / 2, box.x2 = box.x1 + w, box.y2 = box.y1 + h;
    }
    if (extras_.angle) box.angle = row[width - 1];
    boxes_.push_back(box);
  }

  Extras extras_;
  bool centred_ = false;
  std::optional<bool> normalized_;
  Settings settings_;
  std::vector<Box> boxes_;
  std::vector<float> scratch_[2];
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<End2end>(d, params);
}

}  // namespace

const sdk::DecoderRow kEnd2end{"end2end", "YOLOv10, YOLO26 and exports with NMS inside: finished rows of any task",
                               match, create, kRows};

}  // namespace vireo::decode
