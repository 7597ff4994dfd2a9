// YOLOX (Ge et al., 2021, arXiv:2107.08430): anchor-free rows [N, 4+1+classes] over the grids of strides 8, 16, 32
// (or other neighbouring ones), concatenated from fine to coarse. Raw rows hold offsets: centre = (cell + t) * stride,
// size = exp(t) * stride. Exports that decode inside have pixels in the same places; the graph's tail tells them apart,
// or, without one, the values.

#include <algorithm>

#include "plugins/decode/families.h"
#include "plugins/decode/shared.h"
#include "plugins/decode/told.h"

namespace vireo::decode {
namespace {

constexpr std::string_view kDecodingOps[] = {"Exp", "Pow", "Mul", "Add", "Sub", "Div"};
constexpr sdk::ParamRow kRows[] = {
    {"raw", "auto|true|false", "auto", "rows are offsets in the grid (true) or decoded pixels (false)"},
};

sdk::InputStyle style() { return {.color = sdk::ColorOrder::bgr, .scale = {1, 1, 1}, .align = sdk::Align::top_left}; }

sdk::Match match(const sdk::ModelDescription& d) {
  if (d.outputs.size() != 1) return no_match("takes one output");
  const Dims dims = image_dims(d.outputs[0].dims);
  if (dims.size() != 2 || dims[1] < 6) return no_match("takes rows of 5 + classes values");
  const Size size = input_size(d);
  const bool counted = size.known() && dims[0] != kUnknown;
  if (counted && find_strides(size, dims[0]).empty()) {
    return no_match("the number of rows is not that of grids of neighbouring strides");
  }
  sdk::Match m{.score = counted ? 0.6 : 0.35, .reason = "one row a grid cell", .settings = {}, .input = style()};
  if (const auto decoded = tail_has_any(d, 0, kDecodingOps)) {
    if (*decoded) return no_match("rows are decoded in the graph");
    m.score = counted ? 0.9 : 0.5;
    m.reason = "one row a grid cell, not decoded in the graph";
    m.settings.set("raw", "true");
  }
  m.score *= doubt(told_by(d), dims[1] - 5);
  return m;
}

class Yolox final : public sdk::Decoder {
 public:
  Yolox(const sdk::ModelDescription& d, const sdk::Params& params) {
    const Dims dims = d.outputs.empty() ? Dims{} : image_dims(d.outputs[0].dims);
    settings_ = read_settings(d, params, {.score = 0.3f, .iou = 0.45f}, dims.size() == 2 ? int(dims[1]) - 5 : -1);
    if (params.text("raw", "auto") != "auto") raw_ = params.flag("raw", true);
    if (dims.size() == 2) width_ = int(std::max<std::int64_t>(dims[1], 0));
  }

  /// Until it is known whether rows are decoded, every one is looked at.
  [[nodiscard]] std::optional<sdk::CellFilter> filter() const override {
    if (!raw_ || width_ == 0) return std::nullopt;
    sdk::CellFilter filter{
        .objectness = 4, .first_class = 5, .classes = width_ - 5, .score = settings_.score, .alone = true};
    if (strides_.empty()) return filter;  // there was no frame yet
    filter.boxes = cell_boxes(settings_);
    std::int32_t first = 0;
    for (const int stride : strides_) {
      const int columns = cells(size_.width, stride), lines = cells(size_.height, stride);
      if (*raw_) filter.boxes->grids[std::size_t(filter.boxes->grid_count++)] = {first, columns, float(stride)};
      first += columns * lines;
    }
    return filter;
  }

  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry,
              sdk::FrameResult& result) override {
    const auto& tensor = outputs[0];
    const Dims dims = image_dims(tensor.dims);
    const Size size{geometry.network_width, geometry.network_height};
    const std::int64_t all = tensor.cells ? tensor.all_cells : dims.empty() ? 0 : dims[0];
    strides_ = dims.size() == 2 && dims[1] >= 6 ? find_strides(size, all) : std::vector<int>();
    size_ = size;
    if (strides_.empty()) refuse_output("yolox", tensor, "[cells of strides 8, 16, 32 or others, 5 + classes]");
    const float* rows = floats(tensor, scratch_);
    const auto width = std::size_t(dims[1]);
    if (!raw_) raw_ = looks_raw(rows, std::size_t(dims[0]), width, size);  // a fact of the model: one look is enough
    const bool raw = *raw_;
    width_ = int(width);
    boxes_.clear();
    std::size_t row = 0;
    std::int64_t cell = 0;
    for (const int stride : strides_) {
      const int columns = cells(size.width, stride), lines = cells(size.height, stride);
      for (int y = 0; y < lines; ++y) {
        for (int x = 0; x < columns; ++x, ++cell) {
          if (tensor.cells && (row == std::size_t(dims[0]) || tensor.cells[row] != cell)) continue;
          add(rows + row * width, width, row, raw, x, y, float(stride));
          ++row;
        }
      }
    }
    finish(boxes_, settings_, geometry, result);
  }

 private:
  /// Decoded centres reach across the picture; raw offsets stay near their cell.
  static bool looks_raw(const float* rows, std::size_t count, std::size_t width, Size size) {
    float reach = 0;
    for (std::size_t i = 0; i < count; ++i) reach = std::max(reach, rows[i * width]);
    return reach < float(size.width) / 4;
  }

  void add(const float* row, std::size_t width, std::size_t index, bool raw, int x, int y, float stride) {
    if (!(row[4] >= settings_.score)) return;
    const int best = best_of(row + 5, int(width) - 5);
    const float score = row[4] * row[5 + best];
    if (!(score >= settings_.score) || !settings_.wants(best)) return;
    const float cx = raw ? (row[0] + float(x)) * stride : row[0], cy = raw ? (row[1] + float(y)) * stride : row[1];
    const float w = raw ? exponential(row[2]) * stride : row[2], h = raw ? exponential(row[3]) * stride : row[3];
    boxes_.push_back({cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score, best, std::int64_t(index)});
  }

  Settings settings_;
  std::optional<bool> raw_;
  Size size_;  ///< of the network's input, and the strides of its grids, since the last frame
  std::vector<int> strides_;
  int width_ = 0;  ///< of a row; 0: unknown yet
  std::vector<Box> boxes_;
  std::vector<float> scratch_;
};

std::unique_ptr<sdk::Decoder> create(const sdk::ModelDescription& d, const sdk::Params& params) {
  return std::make_unique<Yolox>(d, params);
}

}  // namespace

const sdk::DecoderRow kYolox{"yolox", "YOLOX: grid rows, raw or decoded", match, create, kRows};

}  // namespace vireo::decode
