#include "engine/api/tensor_file.h"

#include <onnx/onnx_pb.h>

#include <cstring>
#include <exception>

#include "engine/api/text.h"
#include "engine/base/file.h"
#include "engine/base/narrow.h"
#include "engine/base/text.h"
#include "engine/import/onnx/tensor.h"

namespace vireo {

HostTensor read_tensor(const std::filesystem::path& path) {
  onnx::TensorProto proto;
  if (const std::string bytes = read_file(path, INT32_MAX); !proto.ParseFromString(bytes))
    base::fail(ErrorCode::invalid_model, "'", path.string(), "' is not an ONNX TensorProto");
  try {
    importer::ExternalData external(path.parent_path());
    const graph::ConstantPtr c = importer::to_constant(proto, external);
    return {proto.name(), c->dtype, c->dims, {c->data.get(), c->data.get() + c->bytes()}};
  } catch (const Error& error) {
    base::fail(error.code(), "'", path.string(), "': ", error.what());
  } catch (const std::exception& error) {
    base::fail(ErrorCode::invalid_model, "'", path.string(), "' can't be read as a tensor (", error.what(), ")");
  }
}

void write_tensor(const std::filesystem::path& path, const HostTensor& tensor) {
  onnx::TensorProto proto;
  proto.set_name(tensor.name);
  proto.set_data_type(static_cast<int>(tensor.dtype));  // DataType has ONNX's numbers
  for (std::int64_t extent : tensor.dims) proto.add_dims(extent);
  if (tensor.dtype == DataType::string) {
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= tensor.data.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t id = 0;
      std::memcpy(&id, tensor.data.data() + at, sizeof id);
      proto.add_string_data(std::string(text_of(id)));
    }
  } else if (base::file_bits(tensor.dtype) < 8 && size_of(tensor.dtype) > 0) {
    std::vector<std::byte> packed(base::file_bytes(tensor.dtype, tensor.data.size()));
    base::pack_narrow(tensor.dtype, tensor.data.data(), tensor.data.size(), packed.data());
    proto.set_raw_data(packed.data(), packed.size());
  } else {
    proto.set_raw_data(tensor.data.data(), tensor.data.size());
  }
  std::string bytes;
  if (proto.ByteSizeLong() > INT32_MAX || !proto.SerializeToString(&bytes))
    base::fail(ErrorCode::io, "can't write '", path.string(), "': a file of a tensor has less than 2 GB, this one ",
               tensor.data.size(), " bytes");
  const std::string_view parts[] = {bytes};
  base::write_file_atomically(path, parts);
}

}  // namespace vireo
