#include "plugins/decode/shared.h"

#include <algorithm>
#include <limits>

#include "engine/api/half.h"
#include "plugins/decode/labels.h"

namespace vireo::decode {
namespace {

constexpr sdk::ParamRow kCommon[] = {
    {"score", "number 0..1", "by the family", "detections below this score are dropped"},
    {"iou", "number 0..1", "by the family", "overlap above which the weaker of two boxes is dropped"},
    {"max_detections", "1..4096", "300", "most detections in one frame"},
    {"agnostic", "true|false", "false", "boxes of different classes suppress each other too"},
    {"labels", "a,'b, c',d | ['a', 'b'] | coco80 | imagenet | file:PATH", "from the model",
     "class names in the order of ids; a file holds one a line, or a list or dictionary as in Python or JSON"},
    {"classes", "names or ids", "all", "only these classes are reported"},
};

std::vector<char> wanted_classes(const sdk::Params& params, const std::vector<std::string>& labels, int class_count) {
  std::vector<char> wanted;
  for (const auto& item : params.list("classes")) {
    const auto named = std::find(labels.begin(), labels.end(), item);
    std::int64_t id = named - labels.begin();
    if (named == labels.end()) {
      const int limit = class_count > 0 ? class_count : 65536;
      id = sdk::Params{{"classes", item}}.integer("classes", 0, 0, limit - 1);
    }
    if (wanted.size() <= std::size_t(id)) wanted.resize(std::size_t(id) + 1);
    wanted[std::size_t(id)] = 1;
  }
  return wanted;
}

template <typename T>
void convert(const sdk::TensorView& tensor, std::vector<float>& dst) {
  const T* src = tensor.as<T>();
  for (std::size_t i = 0; i < dst.size(); ++i) dst[i] = float(src[i]);
}

}  // namespace

std::span<const sdk::ParamRow> common_params() { return kCommon; }

std::string Settings::label(int class_id) const {
  if (class_id >= 0 && std::size_t(class_id) < labels.size()) return labels[std::size_t(class_id)];
  if (class_id == 0 && !fallback_label.empty()) return fallback_label;
  return "class " + std::to_string(class_id);
}

Settings read_settings(const sdk::ModelDescription& description, const sdk::Params& params, const Defaults& defaults,
                       int class_count) {
  Settings settings;
  settings.score = float(params.number("score", defaults.score, 0, 1));
  settings.iou = float(params.number("iou", defaults.iou, 0, 1));
  settings.max_detections = std::size_t(params.integer("max_detections", 300, 1, 4096));
  settings.agnostic = params.flag("agnostic", false);
  settings.labels = choose_labels(description, params, class_count);
  settings.wanted = wanted_classes(params, settings.labels, class_count);
  settings.fallback_label = defaults.only_label;
  return settings;
}

Dims image_dims(const Dims& dims) { return dims.size() >= 3 ? Dims(dims.begin() + 1, dims.end()) : dims; }

bool takes_pictures(const sdk::ModelDescription& description) {
  return std::any_of(description.inputs.begin(), description.inputs.end(), [](const TensorInfo& input) {
    const Dims& d = input.dims;
    const auto channels = [](std::int64_t extent) { return extent == 1 || extent == 3; };
    if (d.size() != 4) return false;
    return channels(d[1]) || channels(d[3]) || (d[1] == kUnknown && d[2] == kUnknown && d[3] == kUnknown);
  });
}

Size input_size(const sdk::ModelDescription& description) {
  for (const auto& input : description.inputs) {
    const Dims& d = input.dims;
    if (d.size() != 4) continue;
    const bool nchw = d[1] == 1 || d[1] == 3, nhwc = d[3] == 1 || d[3] == 3;
    if (!nchw && !nhwc) continue;
    const auto height = nchw ? d[2] : d[1], width = nchw ? d[3] : d[2];
    if (width > 0 && height > 0 && width <= 16384 && height <= 16384) return {int(width), int(height)};
    return {};
  }
  return {};
}

std::int64_t grid_cells(Size size, std::span<const int> strides) {
  std::int64_t count = 0;
  for (const int stride : strides) count += std::int64_t(cells(size.width, stride)) * cells(size.height, stride);
  return count;
}

std::vector<int> find_strides(Size size, std::int64_t rows, int per_cell) {
  // The usual ones first, then by how many exports use them.
  static constexpr std::pair<int, int> kRanges[] = {{8, 32}, {8, 64},  {4, 32}, {16, 32}, {4, 64},  {4, 16},
                                                    {8, 16}, {16, 64}, {4, 8},  {32, 64}, {8, 128}, {4, 128}};
  if (!size.known() || rows <= 0 || per_cell <= 0 || rows % per_cell != 0) return {};
  for (const auto& [first, last] : kRanges) {
    std::vector<int> strides;
    for (int stride = first; stride <= last; stride *= 2) strides.push_back(stride);
    if (grid_cells(size, strides) == rows / per_cell) return strides;
  }
  return {};
}

std::optional<Activation> last_activation(const sdk::ModelDescription& description, std::size_t output) {
  static constexpr std::string_view kShapes[] = {
      "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Cast",   "Transpose",      "Slice",
      "Concat",  "Split",   "Gather",  "Expand",    "Dropout",  "Resize", "QuantizeLinear", "DequantizeLinear"};
  if (output >= description.output_tail.size() || description.output_tail[output].empty()) return std::nullopt;
  for (const std::string& op : description.output_tail[output]) {
    if (op == "Softmax" || op == "QLinearSoftmax") return Activation::softmax;
    if (op == "Sigmoid" || op == "HardSigmoid" || op == "QLinearSigmoid") return Activation::sigmoid;
    if (std::find(std::begin(kShapes), std::end(kShapes), op) == std::end(kShapes)) return Activation::none;
  }
  return Activation::none;
}

std::optional<bool> tail_has(const sdk::ModelDescription& description, std::size_t output, std::string_view op) {
  return tail_has_any(description, output, std::span(&op, 1));
}

std::optional<bool> tail_has_any(const sdk::ModelDescription& description, std::size_t output,
                                 std::span<const std::string_view> ops) {
  if (output >= description.output_tail.size() || description.output_tail[output].empty()) return std::nullopt;
  const auto& tail = description.output_tail[output];
  return std::find_first_of(tail.begin(), tail.end(), ops.begin(), ops.end()) != tail.end();
}

sdk::Match no_match(std::string reason) { return {.score = 0, .reason = std::move(reason)}; }

sdk::Match unlikely(std::string reason, sdk::InputStyle input) {
  return {.score = 0.1, .reason = std::move(reason), .settings = {}, .input = input};
}

void refuse_output(std::string_view family, const sdk::TensorView& tensor, const std::string& accepted) {
  throw Error(ErrorCode::invalid_argument, std::string(family) + ": output '" + std::string(tensor.name) + "' is " +
                                               to_string(tensor.dims) + " of " + std::string(to_string(tensor.dtype)) +
                                               ", accepted is " + accepted);
}

std::size_t count_of(const sdk::TensorView& tensor) { return std::size_t(element_count(tensor.dims)); }

const float* floats(const sdk::TensorView& tensor, std::vector<float>& scratch) {
  if (tensor.dtype == DataType::float32) return tensor.as<float>();
  scratch.resize(count_of(tensor));
  const auto* half = tensor.as<std::uint16_t>();
  switch (tensor.dtype) {
    case DataType::float64: convert<double>(tensor, scratch); break;
    case DataType::int64: convert<std::int64_t>(tensor, scratch); break;
    case DataType::int32: convert<std::int32_t>(tensor, scratch); break;
    case DataType::uint8: convert<std::uint8_t>(tensor, scratch); break;
    case DataType::int8: convert<std::int8_t>(tensor, scratch); break;
    case DataType::float16: std::transform(half, half + scratch.size(), scratch.begin(), half_to_float); break;
    case DataType::bfloat16: std::transform(half, half + scratch.size(), scratch.begin(), bfloat16_to_float); break;
    default: refuse_output("decoder", tensor, "a float or integer type");
  }
  return scratch.data();
}

float exponential(float x) noexcept {
  if (x > 88.7228f) return std::numeric_limits<float>::infinity();
  if (!(x > -87.0f)) return x <= -87.0f ? 0.0f : x;
  // Cephes' expf: x = n log 2 + r, a polynomial of r, times 2^n.
  const float n = std::rint(x * 1.44269504f);
  float r = std::fma(n, -0.693359375f, x);
  r = std::fma(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  for (const float next : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
    p = std::fma(p, r, next);
  return std::ldexp(std::fma(p, r * r, r) + 1.0f, int(n));
}

void softmax(float* values, std::size_t count) noexcept {
  float top = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < count; ++i) top = std::max(top, values[i]);
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = std::exp(values[i] - top);
    sum += values[i];
  }
  for (std::size_t i = 0; i < count; ++i) values[i] /= sum;
}

bool are_probabilities(const float* values, std::size_t count) noexcept {
  constexpr float kSlack = 1e-3f;
  constexpr std::size_t kBlock = 16;  // a count that compilers know makes vectors of it; some heads ask for each frame
  int outside = 0;
  std::size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    const float* block = values + i;
    for (std::size_t k = 0; k < kBlock; ++k) outside |= int(!(block[k] >= -kSlack)) | int(!(block[k] <= 1 + kSlack));
    if (outside != 0) return false;
  }
  for (; i < count; ++i) outside |= int(!(values[i] >= -kSlack)) | int(!(values[i] <= 1 + kSlack));
  return outside == 0;
}

}  // namespace vireo::decode
