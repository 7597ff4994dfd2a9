#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <new>
#include <optional>

#include "engine/api/file.h"
#include "engine/api/network.h"
#include "engine/api/topology.h"
#include "engine/base/text.h"
#include "engine/graph/graph.h"
#include "engine/import/onnx/builder.h"
#include "engine/import/onnx/draw.h"

namespace vireo {
namespace {

/// Reads the file into memory: the parser copies the bytes anyway, and a file that is shortened meanwhile reads as a
/// truncated one, where a mapping would crash.
class Piecewise : public google::protobuf::io::CopyingInputStream {
 public:
  explicit Piecewise(const InputFile& file) : file_(file) {}
  int Read(void* to, int size) override {
    const std::size_t got = file_.read(at_, to, static_cast<std::size_t>(size));
    at_ += got;
    return static_cast<int>(got);
  }

 private:
  const InputFile& file_;
  std::uint64_t at_ = 0;
};

using Stream = google::protobuf::io::ZeroCopyInputStream;

/// Throws nothing but Error, whatever the libraries throw for the model. With a seed, missing weights are drawn.
Network import_stream(Stream& stream, std::uint64_t bytes, const std::filesystem::path& directory, const Limits& limits,
                      const std::string& title, std::optional<std::uint64_t> seed = {}) {
  using base::fail;
  if (bytes == 0) fail(ErrorCode::invalid_model, title, " is empty");
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    fail(ErrorCode::unsupported, title, " has ", bytes,
         " bytes; a file of more than 2 GB must keep its tensors as external data");
  try {
    onnx::ModelProto model;
    if (!model.ParseFromZeroCopyStream(&stream))
      fail(ErrorCode::invalid_model, title, " is no ONNX file, or it is truncated or damaged (", bytes, " bytes)");
    if (!model.has_graph()) fail(ErrorCode::invalid_model, title, " is no ONNX file: it holds no graph");
    const int drawn = seed ? importer::draw_missing_weights(model, directory, *seed) : 0;
    Network network(importer::Builder(model, directory, limits).build());
    if (drawn > 0) network.set_metadata("vireo.random_weights", std::to_string(drawn));
    return network;
  } catch (const Error& error) {
    const std::string what = error.what();
    if (what.starts_with(title)) throw;
    fail(error.code(), title, ": ", what);
  } catch (const importer::Refusal& refusal) {
    fail(ErrorCode::unsupported, title, ": ", refusal.why);
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::out_of_memory, title, ": not enough memory to import it");
  } catch (const std::length_error&) {
    fail(ErrorCode::invalid_model, title, ": asks for a tensor or list of impossible size");
  } catch (const std::filesystem::filesystem_error& error) {
    fail(ErrorCode::io, title, ": ", error.what());
  } catch (const std::exception& error) {
    fail(ErrorCode::invalid_model, title, ": can't be imported (", error.what(), ")");
  }
}

}  // namespace

namespace {

Network import_file(const std::filesystem::path& path, const Limits& limits, std::optional<std::uint64_t> seed) {
  const InputFile file(path);
  std::filesystem::path directory = path.parent_path();
  if (directory.empty()) directory = ".";
  Piecewise pieces(file);
  google::protobuf::io::CopyingInputStreamAdaptor stream(&pieces, 1 << 20);
  return import_stream(stream, file.size(), directory, limits, "'" + path.string() + "'", seed);
}

}  // namespace

Network import_onnx(const std::filesystem::path& path, const Limits& limits) { return import_file(path, limits, {}); }

Network import_onnx_topology(const std::filesystem::path& path, std::uint64_t seed, const Limits& limits) {
  return import_file(path, limits, seed);
}

Network import_onnx(std::span<const std::byte> bytes, const std::filesystem::path& directory, const Limits& limits) {
  const auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(std::min(bytes.size(), most)));
  return import_stream(stream, bytes.size(), directory, limits, "the model");
}

}  // namespace vireo
