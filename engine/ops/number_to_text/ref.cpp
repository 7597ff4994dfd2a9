#include <charconv>
#include <cmath>

#include "engine/api/text.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

template <typename T>
std::string_view spell(T value, char (&text)[64]) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
  }
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

void number_to_text_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  char text[64];
  dispatch_any(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
      const T value = in.as<T>()[i];
      std::string_view spelled;
      if constexpr (std::is_same_v<T, bool>) spelled = spell<int>(value ? 1 : 0, text);
      else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat>)
        spelled = spell<float>(static_cast<float>(value), text);
      else spelled = spell<T>(value, text);
      c.outputs[0].as<std::uint64_t>()[i] = text_id(spelled);
    }
  });
}

}  // namespace vireo::ops
