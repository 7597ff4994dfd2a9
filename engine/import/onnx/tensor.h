#pragma once
// TensorProto to Constant, with every claim of the file checked against the bytes that it has. Any thread.

#include <filesystem>
#include <map>
#include <string>

#include "engine/base/file.h"
#include "engine/graph/constant.h"

namespace onnx {
class TensorProto;
}

namespace vireo::importer {

/// Files of external data, opened once each. Only files inside `directory` are read, whatever the model says.
class ExternalData {
 public:
  explicit ExternalData(std::filesystem::path directory) : directory_(std::move(directory)) {}
  /// The bytes [offset, offset + length) of a file named relative to the model. Throws Error.
  [[nodiscard]] std::shared_ptr<const std::byte> read(const std::string& location, std::uint64_t offset,
                                                      std::uint64_t length);
  [[nodiscard]] std::uint64_t size(const std::string& location);
  /// All files opened so far, by the names that the model gives them.
  [[nodiscard]] std::vector<std::string> locations() const;

 private:
  const base::MappedFile& open(const std::string& location);
  std::filesystem::path directory_;
  std::map<std::string, base::MappedFile> files_;
};

/// Throws Error(invalid_model | unsupported) naming the tensor.
[[nodiscard]] graph::ConstantPtr to_constant(const onnx::TensorProto& tensor, ExternalData& external);
/// The same, taking the raw bytes out of the message instead of copying them.
[[nodiscard]] graph::ConstantPtr take_constant(onnx::TensorProto& tensor, ExternalData& external);

}  // namespace vireo::importer
