#include "engine/graph/format.h"

#include <charconv>
#include <cmath>

#include "engine/base/text.h"

namespace vireo::graph {
namespace {

/// The text up to the next space, which goes too.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

}  // namespace

std::string_view to_string(Layout layout) noexcept { return layout == Layout::nhwc ? "nhwc" : "nchw"; }

std::string to_string(const Format& format) {
  std::string text = base::str(to_string(format.layout), " ", format.dtype);
  if (format.dtype == DataType::int8) text += base::str(" scale ", format.scale);
  return text;
}

Format format_from(std::string_view text) {
  const auto wrong = [&](auto... why) {
    base::fail(ErrorCode::invalid_argument, "format '", text, "': ", why...,
               "; accepted: nchw or nhwc, then float32, bfloat16, float16 or 'int8 scale NUMBER'");
  };
  std::string_view rest = text;
  Format format;
  const std::string_view layout = take_word(rest);
  if (layout != "nchw" && layout != "nhwc") wrong("'", layout, "' is no layout");
  if (layout == "nhwc") format.layout = Layout::nhwc;
  const std::string_view type = take_word(rest);
  format.dtype = data_type_from(type);
  switch (format.dtype) {
    case DataType::float32:
    case DataType::bfloat16:
    case DataType::float16: break;
    case DataType::int8: {
      if (take_word(rest) != "scale") wrong("int8 without its scale");
      const std::string_view number = take_word(rest);
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), format.scale);
      if (error != std::errc() || end != number.data() + number.size() || !(format.scale > 0) ||
          !std::isfinite(format.scale))
        wrong("'", number, "' is no positive number");
      break;
    }
    default: wrong("'", type, "' is no type of a format");
  }
  if (!rest.empty() || text.ends_with(' ')) wrong("it goes on after its end");
  return format;
}

}  // namespace vireo::graph
