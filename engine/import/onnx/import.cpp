#include <google/protobuf/io/zero_copy_stream.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <limits>
#include <new>

#include "engine/api/network.h"
#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/graph/graph.h"
#include "engine/import/onnx/builder.h"

namespace vireo {
namespace {

/// Hands the bytes to the parser piece by piece; those of a mapped file leave memory behind it, since the parser copies
/// them.
class Reader : public google::protobuf::io::ZeroCopyInputStream {
 public:
  Reader(std::span<const std::byte> bytes, bool mapped) : bytes_(bytes), mapped_(mapped) {}
  bool Next(const void** data, int* size) override {
    if (mapped_) base::leave_memory(bytes_.data() + last_, at_ - last_);
    if (at_ == bytes_.size()) return false;
    last_ = at_;
    at_ = std::min(bytes_.size(), at_ + kPiece);
    *data = bytes_.data() + last_;
    *size = static_cast<int>(at_ - last_);
    return true;
  }
  void BackUp(int count) override { at_ -= static_cast<std::size_t>(count); }
  bool Skip(int count) override {
    const std::size_t left = bytes_.size() - at_;
    at_ += std::min(left, static_cast<std::size_t>(count));
    return static_cast<std::size_t>(count) <= left;
  }
  [[nodiscard]] std::int64_t ByteCount() const override { return static_cast<std::int64_t>(at_); }

 private:
  static constexpr std::size_t kPiece = std::size_t{4} << 20;
  std::span<const std::byte> bytes_;
  bool mapped_;
  std::size_t last_ = 0, at_ = 0;
};

Network import_bytes(std::span<const std::byte> bytes, bool mapped, const std::filesystem::path& directory,
                     const std::string& title) {
  using base::fail;
  if (bytes.empty()) fail(ErrorCode::invalid_model, title, " is empty");
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    fail(ErrorCode::unsupported, title, " has ", bytes.size(),
         " bytes; a file of more than 2 GB must keep its tensors as external data");
  try {
    onnx::ModelProto model;
    Reader reader(bytes, mapped);
    if (!model.ParseFromZeroCopyStream(&reader))
      fail(ErrorCode::invalid_model, title, " is no ONNX file, or it is truncated or damaged (", bytes.size(),
           " bytes)");
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
  return import_bytes({file.data.get(), file.bytes}, true, directory, "'" + path.string() + "'");
}

Network import_onnx(std::span<const std::byte> bytes, const std::filesystem::path& directory) {
  return import_bytes(bytes, false, directory, "the model");
}

}  // namespace vireo
