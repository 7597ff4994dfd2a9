#include "engine/graph/constant.h"

#include "engine/api/half.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/narrow.h"
#include "engine/base/text.h"

namespace vireo::graph {

void Constant::check() const {
  if (!data)
    base::fail(ErrorCode::unsupported, seal->where,
               " was left out of the plan, which was stripped of what its own device does not read; build it for this "
               "device");
  if (base::checksum(data.get(), bytes()) != seal->checksum)
    base::fail(ErrorCode::invalid_model, seal->where, " doesn't match its checksum; build it again");
  seal->checked.store(true, std::memory_order_release);
}

std::uint64_t Constant::checksum() const { return seal ? seal->checksum : base::checksum(data.get(), bytes()); }

void Constant::release() const noexcept {
  if (seal) base::leave_memory(data.get(), bytes());
}

MutableConstant new_constant(DataType dtype, const Dims& dims) {
  auto data = base::allocate_aligned(byte_count(dtype, dims));
  auto constant = std::make_shared<Constant>(Constant{dtype, dims, data, {}});
  return {constant, data.get()};
}

ConstantPtr make_constant(DataType dtype, const Dims& dims, const void* data, std::size_t bytes) {
  MutableConstant fresh = new_constant(dtype, dims);
  if (bytes != fresh.constant->bytes())
    base::fail(ErrorCode::invalid_argument, "a constant of ", dims, " ", dtype, " takes ", fresh.constant->bytes(),
               " bytes, got ", bytes);
  if (bytes) std::memcpy(fresh.data, data, bytes);
  return fresh.constant;
}

ConstantPtr make_constant(const std::vector<float>& values, const Dims& dims) {
  return make_constant(DataType::float32, dims, values.data(), values.size() * sizeof(float));
}

ConstantPtr make_constant(const std::vector<std::int64_t>& values) {
  return make_constant(DataType::int64, {static_cast<std::int64_t>(values.size())}, values.data(), values.size() * 8);
}

namespace {

template <typename Out>
std::vector<Out> widen(const Constant& c, float (*to_float)(std::uint16_t) noexcept) {
  std::vector<Out> values(static_cast<std::size_t>(c.count()));
  const auto* bits = c.as<std::uint16_t>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<Out>(to_float(bits[i]));
  return values;
}

template <typename Out, typename In>
std::vector<Out> widen(const Constant& c) {
  const In* values = c.as<In>();
  return std::vector<Out>(values, values + c.count());
}

template <typename Out>
std::vector<Out> widen_narrow(const Constant& c) {
  std::vector<Out> values(static_cast<std::size_t>(c.count()));
  const auto* bits = c.as<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<Out>(base::narrow_value(c.dtype, bits[i]));
  return values;
}

template <typename Out>
std::vector<Out> convert(const Constant& c) {
  if (is_narrow(c.dtype)) return widen_narrow<Out>(c);
  switch (c.dtype) {
    case DataType::float32: return widen<Out, float>(c);
    case DataType::float64: return widen<Out, double>(c);
    case DataType::int64: return widen<Out, std::int64_t>(c);
    case DataType::int32: return widen<Out, std::int32_t>(c);
    case DataType::int16: return widen<Out, std::int16_t>(c);
    case DataType::int8: return widen<Out, std::int8_t>(c);
    case DataType::uint64: return widen<Out, std::uint64_t>(c);
    case DataType::uint32: return widen<Out, std::uint32_t>(c);
    case DataType::uint16: return widen<Out, std::uint16_t>(c);
    case DataType::uint8:
    case DataType::boolean: return widen<Out, std::uint8_t>(c);
    case DataType::float16: return widen<Out>(c, half_to_float);
    case DataType::bfloat16: return widen<Out>(c, bfloat16_to_float);
    default: base::fail(ErrorCode::unsupported, "a constant of type ", c.dtype, " has no numbers");
  }
}

}  // namespace

std::vector<std::int64_t> to_integers(const Constant& constant) { return convert<std::int64_t>(constant); }
std::vector<double> to_reals(const Constant& constant) { return convert<double>(constant); }

}  // namespace vireo::graph
