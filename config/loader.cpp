#include "config/loader.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include "config/deployment.pb.h"
#include "config/model.pb.h"
#include "engine/api/error.h"
#include "engine/api/file.h"

namespace vireo::config {
namespace {

namespace pb = google::protobuf;

constexpr std::uint64_t kMostBytes = 16 << 20;

std::string read(const std::filesystem::path& path) {
  try {
    return read_file(path, kMostBytes);
  } catch (const Error& error) {
    throw Error(error.code(), std::string("config: ") + error.what());
  }
}

std::string fields_of(const pb::Descriptor& type) {
  std::string fields;
  for (int i = 0; i < type.field_count(); ++i) fields += (i ? ", " : "") + type.field(i)->name();
  return fields;
}

/// The parser's message, and where it says that a field is unknown, what would be known there.
class Collector : public pb::io::ErrorCollector {
 public:
  Collector(std::string file, const pb::Descriptor& root) : file_(std::move(file)), root_(root) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;  // the first one is the cause
    text_ = file_ + ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": " + message;
    const auto quote = message.find("Message type \"");
    if (quote == std::string::npos) return;
    const auto begin = quote + 14, end = message.find('"', begin);
    if (const pb::Descriptor* type = root_.file()->pool()->FindMessageTypeByName(message.substr(begin, end - begin))) {
      text_ += " Accepted fields of " + type->name() + ": " + fields_of(*type) + ".";
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string file_, text_;
  const pb::Descriptor& root_;
};

void parse(const std::filesystem::path& path, pb::Message& message) {
  const std::string text = read(path);
  Collector collector(path.string(), *message.GetDescriptor());
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.SetRecursionLimit(32);
  if (!parser.ParseFromString(text, &message)) {
    throw Error(ErrorCode::invalid_argument, collector.text().empty()
                                                 ? path.string() + ": not a " + message.GetDescriptor()->name()
                                                 : collector.text());
  }
}

/// A path of the file as seen from the working directory; words that are no paths stay.
std::string absolute(const std::filesystem::path& config, const std::string& path) {
  const std::filesystem::path given(path);
  if (path.empty() || given.is_absolute()) return path;
  return (std::filesystem::absolute(config).parent_path() / given).lexically_normal().string();
}

std::string absolute_source(const std::filesystem::path& config, const std::string& uri) {
  const bool word = uri == "vireoscene" || uri == "test" || uri.find("://") != std::string::npos;
  return word ? uri : absolute(config, uri);
}

std::string absolute_sink(const std::filesystem::path& config, const std::string& sink) {
  if (sink == "display" || sink == "none" || sink == "fakesink" || sink == "jsonl:-" ||
      sink.find("://") != std::string::npos)
    return sink;
  const auto colon = sink.find(':');
  return colon == std::string::npos ? absolute(config, sink)
                                    : sink.substr(0, colon + 1) + absolute(config, sink.substr(colon + 1));
}

}  // namespace

void load(const std::filesystem::path& path, Deployment& deployment) {
  parse(path, deployment);
  const auto require = [&](bool good, const char* what) {
    if (!good) throw Error(ErrorCode::invalid_argument, path.string() + ": " + what);
  };
  require(deployment.source_size() > 0, "no source; add source { uri: \"…\" }");
  require(!deployment.inference().model().empty(), "no model; add inference { model: \"FILE.onnx\" }");
  for (Source& source : *deployment.mutable_source()) {
    require(!source.uri().empty(), "a source without uri; add uri: \"…\" to it");
    source.set_uri(absolute_source(path, source.uri()));
  }
  deployment.mutable_inference()->set_model(absolute(path, deployment.inference().model()));
  for (std::string& sink : *deployment.mutable_sink()) sink = absolute_sink(path, sink);
}

void load(const std::filesystem::path& path, Model& model) {
  parse(path, model);
  model.set_network(absolute(path, model.network()));
  model.set_labels_file(absolute(path, model.labels_file()));
}

bool is_text_config(const std::filesystem::path& path) {
  const auto extension = path.extension();
  return extension == ".pbtxt" || extension == ".textproto" || extension == ".prototxt";
}

}  // namespace vireo::config
