#include <charconv>
#include <cmath>

#include "engine/api/text.h"
#include "engine/base/text.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

template <typename T>
T number(std::string_view text, DataType type) {
  const std::string_view digits = trimmed(text);
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size())
    base::fail(ErrorCode::invalid_argument, "'", text, "' is no number of type ", type);
  return value;
}

}  // namespace

void text_to_number_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  dispatch_any(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
      const std::string_view text = text_of(in.as<std::uint64_t>()[i]);
      if constexpr (std::is_same_v<T, bool>) out.as<T>()[i] = number<double>(text, out.dtype) != 0;
      else if constexpr (std::is_same_v<T, double>) out.as<T>()[i] = number<double>(text, out.dtype);
      else if constexpr (kIsReal<T>) out.as<T>()[i] = static_cast<T>(number<float>(text, out.dtype));
      else out.as<T>()[i] = number<T>(text, out.dtype);
    }
  });
}

}  // namespace vireo::ops
