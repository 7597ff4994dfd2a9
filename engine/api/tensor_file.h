#pragma once
// Tensors as files (ONNX TensorProto, what the ONNX project's test data uses): input_0.pb, output_0.pb, …

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/types.h"

namespace vireo {

struct HostTensor {
  std::string name;  ///< may be empty
  DataType dtype = DataType::undefined;
  Dims dims;
  std::vector<std::byte> data;  ///< row-major; of strings, ids (text.h)
};

/// Throws Error(not_found | invalid_model | unsupported) naming the file.
[[nodiscard]] VIREO_API HostTensor read_tensor(const std::filesystem::path& path);
/// Throws Error(io).
VIREO_API void write_tensor(const std::filesystem::path& path, const HostTensor& tensor);

}  // namespace vireo
