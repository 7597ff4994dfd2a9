#include "engine/api/tensor_file.h"

#include <onnx/onnx_pb.h>

#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/import/onnx/tensor.h"

namespace vireo {

HostTensor read_tensor(const std::filesystem::path& path) {
  const base::MappedFile file = base::map_file(path);
  onnx::TensorProto proto;
  if (file.bytes > INT32_MAX || !proto.ParseFromArray(file.data.get(), static_cast<int>(file.bytes)))
    base::fail(ErrorCode::invalid_model, "'", path.string(), "' is not an ONNX TensorProto");
  try {
    importer::ExternalData external(path.parent_path());
    const graph::ConstantPtr c = importer::to_constant(proto, external);
    return {proto.name(), c->dtype, c->dims, {c->data.get(), c->data.get() + c->bytes()}};
  } catch (const Error& error) {
    base::fail(error.code(), "'", path.string(), "': ", error.what());
  }
}

void write_tensor(const std::filesystem::path& path, const HostTensor& tensor) {
  onnx::TensorProto proto;
  proto.set_name(tensor.name);
  proto.set_data_type(static_cast<int>(tensor.dtype));  // DataType has ONNX's numbers
  for (std::int64_t extent : tensor.dims) proto.add_dims(extent);
  proto.set_raw_data(tensor.data.data(), tensor.data.size());
  const std::string bytes = proto.SerializeAsString();
  const std::string_view parts[] = {bytes};
  base::write_file_atomically(path, parts);
}

}  // namespace vireo
