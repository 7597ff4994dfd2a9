#include <onnx/onnx_pb.h>

#include <limits>
#include <new>

#include "engine/api/network.h"
#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/graph/graph.h"
#include "engine/import/onnx/builder.h"

namespace vireo {
namespace {

Network import_bytes(std::span<const std::byte> bytes, const std::filesystem::path& directory, const std::string& title) {
  using base::fail;
  if (bytes.empty()) fail(ErrorCode::invalid_model, title, " is empty");
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    fail(ErrorCode::unsupported, title, " has ", bytes.size(), " bytes; a file of more than 2 GB must keep its tensors as external data");
  try {
    onnx::ModelProto model;
    if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      fail(ErrorCode::invalid_model, title, " is no ONNX file, or it is truncated or damaged (", bytes.size(), " bytes)");
    if (!model.has_graph()) fail(ErrorCode::invalid_model, title, " is no ONNX file: it holds no graph");
    return Network(importer::Builder(model, directory).build());
  } catch (const Error& error) {
    const std::string what = error.what();
    if (what.starts_with(title)) throw;
    fail(error.code(), title, ": ", what);
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::out_of_memory, title, ": not enough memory to import it");
  } catch (const std::length_error&) {
    fail(ErrorCode::invalid_model, title, ": asks for a tensor or list of impossible size");
  }
}

}  // namespace

Network import_onnx(const std::filesystem::path& path) {
  const base::MappedFile file = base::map_file(path);
  std::filesystem::path directory = path.parent_path();
  if (directory.empty()) directory = ".";
  return import_bytes({file.data.get(), file.bytes}, directory, "'" + path.string() + "'");
}

Network import_onnx(std::span<const std::byte> bytes, const std::filesystem::path& directory) {
  return import_bytes(bytes, directory, "the model");
}

}  // namespace vireo
