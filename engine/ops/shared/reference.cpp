#include "engine/ops/shared/reference.h"

#include "engine/api/half.h"
#include "engine/base/narrow.h"

namespace vireo::ops {

Half::Half(float value) : bits(half_from_float(value)) {}

Half::operator float() const { return half_to_float(bits); }

BFloat::BFloat(float value) : bits(bfloat16_from_float(value)) {}

BFloat::operator float() const { return bfloat16_to_float(bits); }

void unsupported_type(DataType type) {
  throw Error(ErrorCode::unsupported, "element type " + std::string(to_string(type)) + " is not accepted here");
}

Dims strides_of(const Dims& dims) { return strides_of(dims, dims.empty() ? 1 : dims.back()); }

Dims strides_of(const Dims& dims, std::int64_t pitch) {
  Dims strides(dims.size());
  std::int64_t stride = 1;
  for (std::size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride = i + 1 == dims.size() ? pitch : wrapping_mul(stride, dims[i]);
  }
  return strides;
}

Dims broadcast_strides(const Dims& dims, const Dims& out) { return broadcast_strides(dims, strides_of(dims), out); }

Dims broadcast_strides(const Dims& dims, const Dims& own, const Dims& out) {
  Dims strides(out.size(), 0);
  const std::size_t lead = out.size() - dims.size();
  for (std::size_t i = 0; i < dims.size(); ++i) strides[lead + i] = dims[i] == 1 ? 0 : own[i];
  return strides;
}

std::int64_t product(const Dims& dims, std::size_t first, std::size_t last) {
  std::int64_t n = 1;
  for (std::size_t i = first; i < last; ++i) n = wrapping_mul(n, dims[i]);
  return n;
}

std::size_t wrap_axis(std::int64_t axis, std::size_t rank) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r)
    throw Error(ErrorCode::invalid_argument,
                "axis " + std::to_string(axis) + " is outside a tensor of rank " + std::to_string(rank));
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

std::vector<std::int64_t> read_integers(const View& view) {
  std::vector<std::int64_t> values;
  if (!view.present()) return values;
  if (is_narrow(view.dtype)) {
    const std::vector<double> numbers = to_doubles(view);
    return {numbers.begin(), numbers.end()};
  }
  dispatch_any(view.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* p = view.as<T>();
    for (std::int64_t i = 0, n = view.count(); i < n; ++i) values.push_back(static_cast<std::int64_t>(p[i]));
  });
  return values;
}

std::vector<double> read_reals(const View& view) { return to_doubles(view); }

std::vector<double> to_doubles(const View& view) {
  std::vector<double> values;
  if (!view.present()) return values;
  if (is_narrow(view.dtype)) {
    const auto* bits = view.as<std::uint8_t>();
    values.resize(static_cast<std::size_t>(view.count()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<double>(base::narrow_value(view.dtype, bits[i]));
    return values;
  }
  dispatch_any(view.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* p = view.as<T>();
    values.resize(static_cast<std::size_t>(view.count()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(p[i]);
  });
  return values;
}

void from_doubles(const std::vector<double>& values, const View& view) {
  if (is_narrow(view.dtype)) {
    for (std::size_t i = 0; i < values.size(); ++i)
      view.as<std::uint8_t>()[i] = base::narrow_bits(view.dtype, values[i]);
    return;
  }
  dispatch_number(view.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* p = view.as<T>();
    for (std::size_t i = 0; i < values.size(); ++i) p[i] = static_cast<T>(values[i]);
  });
}

void copy_elements(const View& from, const View& to) {
  if (from.data != to.data && from.count() > 0) std::memcpy(to.data, from.data, byte_count(from.dtype, from.dims));
}

}  // namespace vireo::ops
