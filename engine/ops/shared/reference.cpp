#include "engine/ops/shared/reference.h"

#include <bit>

namespace vireo::ops {

Half::Half(float value) {
  const std::uint32_t f = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((f >> 16) & 0x8000u);
  const std::uint32_t magnitude = f & 0x7fffffffu;
  if (magnitude >= 0x7f800000u) {  // infinity, NaN
    bits = static_cast<std::uint16_t>(sign | 0x7c00u | (magnitude > 0x7f800000u ? 0x200u : 0u));
  } else if (magnitude >= 0x477ff000u) {  // rounds to 65536 or more
    bits = static_cast<std::uint16_t>(sign | 0x7c00u);
  } else if (magnitude < 0x38800000u) {  // subnormal: adding 0.5 puts the rounded value into the low mantissa bits
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    bits = static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  } else {
    const std::uint32_t odd = (magnitude >> 13) & 1u;
    bits = static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
  }
}

Half::operator float() const {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31u, mantissa = bits & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (mantissa << 13));
}

BFloat::BFloat(float value) {
  const std::uint32_t f = std::bit_cast<std::uint32_t>(value);
  bits = (f & 0x7fffffffu) > 0x7f800000u ? static_cast<std::uint16_t>((f >> 16) | 0x40u)
                                        : static_cast<std::uint16_t>((f + 0x7fffu + ((f >> 16) & 1u)) >> 16);
}

BFloat::operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

void unsupported_type(DataType type) {
  throw Error(ErrorCode::unsupported, "element type " + std::string(to_string(type)) + " is not accepted here");
}

Dims strides_of(const Dims& dims) {
  Dims strides(dims.size());
  std::int64_t stride = 1;
  for (std::size_t i = dims.size(); i-- > 0; stride = wrapping_mul(stride, dims[i])) strides[i] = stride;
  return strides;
}

Dims broadcast_strides(const Dims& dims, const Dims& out) {
  const Dims own = strides_of(dims);
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
  dispatch_any(view.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* p = view.as<T>();
    values.resize(static_cast<std::size_t>(view.count()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(p[i]);
  });
  return values;
}

void from_doubles(const std::vector<double>& values, const View& view) {
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
