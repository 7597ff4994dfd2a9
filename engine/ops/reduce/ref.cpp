#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

enum class Mode { sum, mean, max, min, prod, l1, l2, log_sum, log_sum_exp, sum_square };

Mode mode_from(const std::string& name) {
  constexpr const char* names[] = {"sum", "mean", "max",     "min",         "prod",
                                   "l1",  "l2",   "log_sum", "log_sum_exp", "sum_square"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (name == names[i]) return static_cast<Mode>(i);
  throw Error(ErrorCode::invalid_argument, "reduce: unknown mode '" + name + "'");
}

template <typename T, typename W>
T finish(Mode mode, W sum, std::int64_t count) {
  switch (mode) {
    case Mode::mean: return count == 0 ? static_cast<T>(sum) : static_cast<T>(sum / static_cast<W>(count));
    case Mode::l2: return static_cast<T>(std::sqrt(static_cast<double>(sum)));
    case Mode::log_sum: return static_cast<T>(std::log(static_cast<double>(sum)));
    default: return static_cast<T>(sum);
  }
}

template <typename T>
T lowest() {
  if constexpr (kIsReal<T>) return static_cast<T>(-std::numeric_limits<float>::infinity());
  else return std::numeric_limits<T>::lowest();
}
template <typename T>
T highest() {
  if constexpr (kIsReal<T>) return static_cast<T>(std::numeric_limits<float>::infinity());
  else return std::numeric_limits<T>::max();
}

/// The reduced elements of one output element: `inner` walked from `x` by `strides`.
template <typename T>
T reduce_one(Mode mode, const T* x, const Dims& inner, const Dims& strides) {
  using W = Wide<T>;
  const auto each = [&](auto&& f) { walk<1>(inner, {strides}, [&](const auto& at) { f(x[at[0]]); }); };
  if (mode == Mode::max || mode == Mode::min) {
    T best = mode == Mode::max ? lowest<T>() : highest<T>();
    each([&](T v) { best = v != v || (mode == Mode::max ? v > best : v < best) ? v : best; });
    return best;
  }
  if (mode == Mode::log_sum_exp) {
    double top = -std::numeric_limits<double>::infinity(), sum = 0;
    each([&](T v) { top = std::max(top, static_cast<double>(v)); });
    if (std::isinf(top)) return static_cast<T>(top);
    each([&](T v) { sum += std::exp(static_cast<double>(v) - top); });
    return static_cast<T>(std::log(sum) + top);
  }
  W sum = mode == Mode::prod ? 1 : 0;
  each([&](T v) {
    const W w = static_cast<W>(v);
    switch (mode) {
      case Mode::prod: sum = wrapping_mul(sum, w); break;
      case Mode::l1: sum = wrapping_add(sum, w < W{0} ? wrapping_mul(static_cast<W>(-1), w) : w); break;
      case Mode::l2:
      case Mode::sum_square: sum = wrapping_add(sum, wrapping_mul(w, w)); break;
      default: sum = wrapping_add(sum, w);
    }
  });
  return finish<T, W>(mode, sum, product_from(inner, 0));
}

}  // namespace

void reduce_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const Mode mode = mode_from(c.attributes.text("mode", "sum"));
  const std::vector<std::int64_t> axes = has_input(c, 1) ? read_integers(c.inputs[1]) : std::vector<std::int64_t>{};
  const bool noop = c.attributes.integer("noop_with_empty_axes", 0) != 0;
  std::vector<bool> reduced(in.dims.size(), axes.empty() && !noop);
  for (std::int64_t axis : axes) reduced[wrap_axis(axis, in.dims.size())] = true;
  const Dims strides = strides_of(in.dims);
  Dims outer, outer_strides, inner, inner_strides;
  for (std::size_t i = 0; i < in.dims.size(); ++i) {
    (reduced[i] ? inner : outer).push_back(in.dims[i]);
    (reduced[i] ? inner_strides : outer_strides).push_back(strides[i]);
  }
  dispatch_any(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>();
    T* y = out.as<T>();
    walk<1>(outer, {outer_strides}, [&](const auto& at) { *y++ = reduce_one(mode, x + at[0], inner, inner_strides); });
  });
}

}  // namespace vireo::ops
