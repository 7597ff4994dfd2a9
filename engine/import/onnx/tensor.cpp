#include "engine/import/onnx/tensor.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "engine/api/text.h"
#include "engine/base/narrow.h"
#include "engine/base/text.h"
#include "engine/import/onnx/node.h"

namespace vireo::importer {
namespace {

using base::fail;
namespace fs = std::filesystem;

std::string title(const onnx::TensorProto& tensor) { return base::str("tensor '", tensor.name(), "'"); }

std::uint64_t number(const onnx::TensorProto& tensor, const std::string& key, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail(ErrorCode::invalid_model, title(tensor), ": external data has ", key, " '", text, "', which is no number");
  return value;
}

std::shared_ptr<const std::byte> external_bytes(const onnx::TensorProto& tensor, std::size_t bytes,
                                                ExternalData& external) {
  std::string location;
  std::uint64_t offset = 0;
  std::uint64_t length = bytes;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = number(tensor, "offset", entry.value());
    if (entry.key() == "length") length = number(tensor, "length", entry.value());
  }
  if (location.empty()) fail(ErrorCode::invalid_model, title(tensor), ": external data without a location");
  if (length != bytes)
    fail(ErrorCode::invalid_model, title(tensor), ": external data of ", length, " bytes, its type and dims need ",
         bytes);
  try {
    return external.read(location, offset, length);
  } catch (const Error& error) {
    fail(error.code(), title(tensor), ": ", error.what());
  }
}

template <typename To, typename Field>
graph::ConstantPtr typed(const onnx::TensorProto& tensor, DataType dtype, const Dims& dims, const Field& field,
                         std::size_t count) {
  if (static_cast<std::size_t>(field.size()) != count)
    fail(ErrorCode::invalid_model, title(tensor), " (", dtype, " ", dims, ") holds ", field.size(),
         " values, its dims need ", count);
  graph::MutableConstant constant = graph::new_constant(dtype, dims);
  std::transform(field.begin(), field.end(), constant.as<To>(), [](auto value) { return static_cast<To>(value); });
  return constant.constant;
}

graph::ConstantPtr texts(const onnx::TensorProto& tensor, const Dims& dims, std::size_t count) {
  if (static_cast<std::size_t>(tensor.string_data_size()) != count)
    fail(ErrorCode::invalid_model, title(tensor), " (string ", dims, ") holds ", tensor.string_data_size(),
         " texts, its dims need ", count);
  graph::MutableConstant constant = graph::new_constant(DataType::string, dims);
  std::transform(tensor.string_data().begin(), tensor.string_data().end(), constant.as<std::uint64_t>(),
                 [](const std::string& text) { return text_id(text); });
  return constant.constant;
}

/// An element to a byte, where a file keeps several in one (base/narrow.h).
graph::ConstantPtr unpacked(DataType dtype, const Dims& dims, const std::byte* packed) {
  graph::MutableConstant constant = graph::new_constant(dtype, dims);
  base::unpack_narrow(dtype, packed, static_cast<std::size_t>(constant.constant->count()), constant.data);
  return constant.constant;
}

bool shares_bytes(DataType dtype) { return base::file_bits(dtype) < 8; }

/// The values of a narrow type: each entry of the field is a byte of the file.
graph::ConstantPtr narrow_fields(const onnx::TensorProto& tensor, DataType dtype, const Dims& dims, std::size_t bytes) {
  const auto& field = tensor.int32_data();
  if (static_cast<std::size_t>(field.size()) != bytes)
    fail(ErrorCode::invalid_model, title(tensor), " (", dtype, " ", dims, ") holds ", field.size(),
         " values of a byte each, its dims need ", bytes);
  std::vector<std::byte> packed(bytes);
  std::transform(field.begin(), field.end(), packed.begin(), [](auto value) { return static_cast<std::byte>(value); });
  if (shares_bytes(dtype)) return unpacked(dtype, dims, packed.data());
  return graph::make_constant(dtype, dims, packed.data(), packed.size());
}

graph::ConstantPtr from_fields(const onnx::TensorProto& tensor, DataType dtype, const Dims& dims, std::size_t count) {
  if (is_narrow(dtype)) return narrow_fields(tensor, dtype, dims, base::file_bytes(dtype, count));
  switch (dtype) {
    case DataType::string: return texts(tensor, dims, count);
    case DataType::float32: return typed<float>(tensor, dtype, dims, tensor.float_data(), count);
    case DataType::float64: return typed<double>(tensor, dtype, dims, tensor.double_data(), count);
    case DataType::int64: return typed<std::int64_t>(tensor, dtype, dims, tensor.int64_data(), count);
    case DataType::uint64: return typed<std::uint64_t>(tensor, dtype, dims, tensor.uint64_data(), count);
    case DataType::uint32: return typed<std::uint32_t>(tensor, dtype, dims, tensor.uint64_data(), count);
    case DataType::int32: return typed<std::int32_t>(tensor, dtype, dims, tensor.int32_data(), count);
    case DataType::int16: return typed<std::int16_t>(tensor, dtype, dims, tensor.int32_data(), count);
    case DataType::uint16:
    case DataType::float16:
    case DataType::bfloat16: return typed<std::uint16_t>(tensor, dtype, dims, tensor.int32_data(), count);
    case DataType::int8: return typed<std::int8_t>(tensor, dtype, dims, tensor.int32_data(), count);
    case DataType::uint8: return typed<std::uint8_t>(tensor, dtype, dims, tensor.int32_data(), count);
    case DataType::boolean: return typed<std::uint8_t>(tensor, dtype, dims, tensor.int32_data(), count);
    default: break;
  }
  fail(ErrorCode::unsupported, title(tensor), " has the element type ", onnx_dtype_name(tensor.data_type()));
}

/// The type and extents that the tensor claims; `bytes` is what they need in the file.
void read_header(const onnx::TensorProto& tensor, DataType& dtype, Dims& dims, std::size_t& count, std::size_t& bytes) {
  dtype = dtype_from_onnx(tensor.data_type());
  dims.assign(tensor.dims().begin(), tensor.dims().end());
  if (dtype == DataType::undefined)
    fail(ErrorCode::unsupported, title(tensor), " has the element type ", onnx_dtype_name(tensor.data_type()));
  if (dims.size() > 64) fail(ErrorCode::invalid_model, title(tensor), " claims ", dims.size(), " extents");
  for (const std::int64_t extent : dims)
    if (extent < 0) fail(ErrorCode::invalid_model, title(tensor), " has the negative extent ", extent);
  try {
    count = static_cast<std::size_t>(element_count(dims));
  } catch (const Error&) {
    fail(ErrorCode::invalid_model, title(tensor), ": its extents ", dims, " are too many elements");
  }
  if (count > std::numeric_limits<std::size_t>::max() / 16)
    fail(ErrorCode::invalid_model, title(tensor), ": its extents ", dims, " are too many elements");
  bytes = base::file_bytes(dtype, count);
  if (tensor.has_segment()) fail(ErrorCode::unsupported, title(tensor), " is stored in segments");
}

void check_raw(const onnx::TensorProto& tensor, DataType dtype, const Dims& dims, std::size_t bytes) {
  if (tensor.raw_data().size() != bytes)
    fail(ErrorCode::invalid_model, title(tensor), " (", dtype, " ", dims, ") holds ", tensor.raw_data().size(),
         " bytes, its type and dims need ", bytes);
}

/// Some writers leave an empty raw_data with the typed values. Texts are never raw.
bool is_raw(const onnx::TensorProto& tensor, std::size_t bytes) {
  return tensor.data_type() != onnx::TensorProto::STRING && tensor.has_raw_data() &&
         (!tensor.raw_data().empty() || bytes == 0);
}

bool is_external(const onnx::TensorProto& tensor) {
  return tensor.data_type() != onnx::TensorProto::STRING &&
         tensor.data_location() == onnx::TensorProto_DataLocation_EXTERNAL;
}

/// Any byte but 0 counts as true in a file; the engine's booleans are 0 or 1.
graph::ConstantPtr normalized(graph::ConstantPtr constant) {
  if (constant->dtype != DataType::boolean) return constant;
  const auto* values = constant->as<std::uint8_t>();
  const auto count = static_cast<std::size_t>(constant->count());
  if (std::all_of(values, values + count, [](std::uint8_t v) { return v <= 1; })) return constant;
  graph::MutableConstant fixed = graph::new_constant(constant->dtype, constant->dims);
  std::transform(values, values + count, fixed.as<std::uint8_t>(),
                 [](std::uint8_t v) -> std::uint8_t { return v != 0; });
  return fixed.constant;
}

}  // namespace

const base::MappedFile& ExternalData::open(const std::string& location) {
  const auto known = files_.find(location);
  if (known != files_.end()) return known->second;
  if (directory_.empty())
    fail(ErrorCode::unsupported, "external data '", location, "': the model was not read from a folder");
  const fs::path relative(location);
  const auto climbs = std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (relative.is_absolute() || climbs || location.find('\0') != std::string::npos)
    fail(ErrorCode::invalid_model, "external data '", location, "' lies outside the model's folder");
  std::error_code error;
  const fs::path root = fs::canonical(directory_, error);
  if (error) fail(ErrorCode::not_found, "can't find the model's folder '", directory_.string(), "'");
  const fs::path file = fs::canonical(root / relative, error);
  if (error) fail(ErrorCode::not_found, "external data '", location, "' is missing beside the model");
  const auto mismatch = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (mismatch.first != root.end())
    fail(ErrorCode::invalid_model, "external data '", location, "' is a link to outside the model's folder");
  return files_.emplace(location, base::map_file(file)).first->second;
}

std::vector<std::string> ExternalData::locations() const {
  std::vector<std::string> names;
  for (const auto& [location, file] : files_) names.push_back(location);
  return names;
}

std::uint64_t ExternalData::size(const std::string& location) { return open(location).bytes; }

std::shared_ptr<const std::byte> ExternalData::read(const std::string& location, std::uint64_t offset,
                                                    std::uint64_t length) {
  const base::MappedFile& file = open(location);
  if (offset > file.bytes || length > file.bytes - offset)
    fail(ErrorCode::invalid_model, "external data '", location, "' has ", file.bytes, " bytes, ", length, " at offset ",
         offset, " are asked for");
  return {file.data, file.data.get() + offset};
}

graph::ConstantPtr to_constant(const onnx::TensorProto& tensor, ExternalData& external) {
  DataType dtype;
  Dims dims;
  std::size_t count = 0, bytes = 0;
  read_header(tensor, dtype, dims, count, bytes);
  if (is_external(tensor)) {
    const std::shared_ptr<const std::byte> data = external_bytes(tensor, bytes, external);
    if (shares_bytes(dtype)) return unpacked(dtype, dims, data.get());
    if (reinterpret_cast<std::uintptr_t>(data.get()) % 8 != 0)
      return normalized(graph::make_constant(dtype, dims, data.get(), bytes));
    return normalized(std::make_shared<Constant>(Constant{dtype, dims, data, {}}));
  }
  if (is_raw(tensor, bytes)) {
    check_raw(tensor, dtype, dims, bytes);
    const auto* raw = reinterpret_cast<const std::byte*>(tensor.raw_data().data());
    if (shares_bytes(dtype)) return unpacked(dtype, dims, raw);
    return normalized(graph::make_constant(dtype, dims, raw, bytes));
  }
  return normalized(from_fields(tensor, dtype, dims, count));
}

graph::ConstantPtr take_constant(onnx::TensorProto& tensor, ExternalData& external) {
  DataType dtype;
  Dims dims;
  std::size_t count = 0, bytes = 0;
  read_header(tensor, dtype, dims, count, bytes);
  if (is_external(tensor) || !is_raw(tensor, bytes) || shares_bytes(dtype)) return to_constant(tensor, external);
  check_raw(tensor, dtype, dims, bytes);
  const std::shared_ptr<const std::string> raw(tensor.release_raw_data());
  std::shared_ptr<const std::byte> data(raw, reinterpret_cast<const std::byte*>(raw->data()));
  return normalized(std::make_shared<Constant>(Constant{dtype, dims, std::move(data), {}}));
}

}  // namespace vireo::importer
