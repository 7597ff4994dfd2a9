#include "plugins/preprocess/input_guess.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/api/error.h"

namespace vireo::preprocess {
namespace {

using sdk::InputSpec;
using sdk::Layout;
using sdk::Params;
using sdk::ParamRow;

constexpr ParamRow kRows[] = {
    {"size", "N or WxH", "640", "size of the input where the model leaves it open"},
    {"layout", "nchw|nhwc", "by the shape", "order of the input's axes"},
    {"color", "rgb|bgr|gray", "by the family", "channel order the network was trained with"},
    {"mean", "a or a,b,c", "by the family", "subtracted from 0..255 samples, in the order of color"},
    {"scale", "a or a,b,c", "by the family", "multiplies after mean; 'std' divides instead"},
    {"std", "a or a,b,c", "", "divides after mean"},
    {"resize", "letterbox|stretch|crop", "by the family", "how the frame is fitted into the input"},
    {"align", "center|top-left", "by the family", "place of a letterboxed frame"},
    {"pad", "0..255", "114", "sample value around a letterboxed frame"},
    {"crop", "1..100", "100", "percent of the shorter side that resize=crop keeps"},
};

struct Axes {
  Layout layout;
  std::int64_t channels, height, width;
};

bool is_channels(std::int64_t extent) { return extent == 1 || extent == 3; }

/// The picture axes of a rank-4 shape, or nothing when no axis can be the channels. NCHW wins where both fit.
std::optional<Axes> axes_of(const Dims& dims, const std::string& layout) {
  if (dims.size() != 4) return std::nullopt;
  const Axes nchw{Layout::nchw, dims[1], dims[2], dims[3]}, nhwc{Layout::nhwc, dims[3], dims[1], dims[2]};
  if (layout == "nchw") return nchw;
  if (layout == "nhwc") return nhwc;
  if (is_channels(dims[1])) return nchw;
  if (is_channels(dims[3])) return nhwc;
  if (dims[1] == kUnknown && dims[2] == kUnknown && dims[3] == kUnknown) return nchw;
  return std::nullopt;
}

std::pair<int, int> wanted_size(const Params& params) {
  const std::string text = params.text("size", "640");
  int width = 0, height = 0;
  const char *begin = text.data(), *end = begin + text.size();
  auto [next, error] = std::from_chars(begin, end, width);
  bool good = error == std::errc();
  if (good && next != end) {
    good = *next == 'x';
    if (good) {
      const auto rest = std::from_chars(next + 1, end, height);
      good = rest.ec == std::errc() && rest.ptr == end;
    }
  } else {
    height = width;
  }
  if (!good || width < 8 || height < 8 || width > 8192 || height > 8192) {
    throw Error(ErrorCode::invalid_argument,
                "option 'size': found '" + text + "', accepted is N or WxH with numbers in 8..8192");
  }
  return {width, height};
}

template <typename Value, std::size_t kCount>
void choose(const Params& params, std::string_view name,
            const std::pair<std::string_view, Value> (&choices)[kCount], Value& value) {
  if (!params.has(name)) return;
  const std::string text = params.text(name);
  std::string accepted;
  for (const auto& [word, meaning] : choices) {
    if (word == text) {
      value = meaning;
      return;
    }
    accepted += (accepted.empty() ? "" : ", ") + std::string(word);
  }
  throw Error(ErrorCode::invalid_argument,
              "option '" + std::string(name) + "': found '" + text + "', accepted are " + accepted);
}

void choose_three(const Params& params, std::string_view name, bool invert, std::array<float, 3>& value) {
  if (!params.has(name)) return;
  const auto numbers = params.numbers(name);
  const bool zero = invert && std::any_of(numbers.begin(), numbers.end(), [](double n) { return n == 0; });
  if ((numbers.size() != 1 && numbers.size() != 3) || zero) {
    throw Error(ErrorCode::invalid_argument, "option '" + std::string(name) + "': found '" + params.text(name) +
                                                 "', accepted are one or three numbers" +
                                                 (invert ? " other than 0" : ""));
  }
  for (std::size_t c = 0; c < 3; ++c) {
    const double number = numbers[numbers.size() == 1 ? 0 : c];
    value[c] = float(invert ? 1 / number : number);
  }
}

void apply(const Params& params, sdk::InputStyle& style) {
  choose(params, "color", {std::pair<std::string_view, sdk::ColorOrder>{"rgb", sdk::ColorOrder::rgb},
                           {"bgr", sdk::ColorOrder::bgr},
                           {"gray", sdk::ColorOrder::gray}},
         style.color);
  choose(params, "resize", {std::pair<std::string_view, sdk::Resize>{"letterbox", sdk::Resize::letterbox},
                            {"stretch", sdk::Resize::stretch},
                            {"crop", sdk::Resize::crop}},
         style.resize);
  choose(params, "align", {std::pair<std::string_view, sdk::Align>{"center", sdk::Align::center},
                           {"top-left", sdk::Align::top_left}},
         style.align);
  choose_three(params, "mean", false, style.mean);
  choose_three(params, "scale", false, style.scale);
  choose_three(params, "std", true, style.scale);
  style.pad = std::uint8_t(params.integer("pad", style.pad, 0, 255));
  style.crop_percent = int(params.integer("crop", style.crop_percent, 1, 100));
}

}  // namespace

InputSpec guess_input(const std::vector<TensorInfo>& inputs, const sdk::InputStyle& style, const Params& params) {
  const std::string layout = params.text("layout");
  if (!layout.empty() && layout != "nchw" && layout != "nhwc") {
    throw Error(ErrorCode::invalid_argument, "option 'layout': found '" + layout + "', accepted are nchw, nhwc");
  }
  std::string found;
  for (const auto& input : inputs) {
    found += (found.empty() ? "" : ", ") + input.name + " " + to_string(input.dims) + " " +
             std::string(to_string(input.dtype));
    const auto axes = axes_of(input.dims, layout);
    const bool real = input.dtype == DataType::float32 || input.dtype == DataType::float16;
    if (!axes || (!real && input.dtype != DataType::uint8)) continue;
    InputSpec spec;
    spec.name = input.name;
    spec.dtype = input.dtype;
    spec.layout = axes->layout;
    spec.style = style;
    if (spec.dtype == DataType::uint8) {  // such models normalise inside
      spec.style.mean = {0, 0, 0};
      spec.style.scale = {1, 1, 1};
    }
    if (axes->channels == 1) spec.style.color = sdk::ColorOrder::gray;
    apply(params, spec.style);
    spec.channels = spec.style.color == sdk::ColorOrder::gray ? 1 : 3;
    if (axes->channels != kUnknown && axes->channels != spec.channels) {
      throw Error(ErrorCode::invalid_argument, "option 'color': input '" + input.name + "' has " +
                                                   std::to_string(axes->channels) + " channels, not " +
                                                   std::to_string(spec.channels));
    }
    const auto [width, height] = wanted_size(params);
    spec.width = axes->width == kUnknown ? width : int(std::min<std::int64_t>(axes->width, 1 << 20));
    spec.height = axes->height == kUnknown ? height : int(std::min<std::int64_t>(axes->height, 1 << 20));
    if (spec.width < 1 || spec.height < 1 || spec.width > 16384 || spec.height > 16384) continue;
    return spec;
  }
  throw Error(ErrorCode::unsupported,
              "no input can take a picture: found " + (found.empty() ? "none" : found) +
                  "; accepted is a float32, float16 or uint8 input of 4 axes with 1 or 3 channels and sizes up to 16384");
}

std::span<const sdk::ParamRow> input_params() { return kRows; }

}  // namespace vireo::preprocess
