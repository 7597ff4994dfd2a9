#include "config/text_file.h"

#include <google/protobuf/io/tokenizer.h>

#include <algorithm>
#include <charconv>

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

/// What became of a field that had its place elsewhere in earlier files.
const char* hint(const std::string& message) {
  struct Row {
    const char *field, *hint;
  };
  static constexpr Row kRows[] = {
      {"\"inference\"", " Inference is a stage of a stream: stream { stage { infer { model: \"…\" } } }."},
      {"Deployment\" has no field named \"source\"",
       " A source belongs to a stream: stream { source { uri: \"…\" } }."},
      {"Deployment\" has no field named \"sink\"",
       " Sinks belong to a stream, or to all: defaults { sink { to: \"…\" } }."},
      {"Deployment\" has no field named \"draw\"", " Drawing belongs to a stream, or to all: defaults { draw {} }."},
      {"Deployment\" has no field named \"max_frames\"", " It belongs to a stream, or to all: defaults { … }."},
  };
  for (const Row& row : kRows)
    if (message.find(row.field) != std::string::npos) return row.hint;
  return "";
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
    text_ += hint(message);
    if (const pb::Descriptor* type = root_.file()->pool()->FindMessageTypeByName(message.substr(begin, end - begin))) {
      text_ += " Accepted fields of " + type->name() + ": " + fields_of(*type) + ".";
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string file_, text_;
  const pb::Descriptor& root_;
};

std::string as_text(double value) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// A scalar field as text, the way set_property() reads it.
std::string scalar(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL: return r.GetBool(message, &field) ? "true" : "false";
    case pb::FieldDescriptor::CPPTYPE_INT32: return std::to_string(r.GetInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_INT64: return std::to_string(r.GetInt64(message, &field));
    case pb::FieldDescriptor::CPPTYPE_UINT64: return std::to_string(r.GetUInt64(message, &field));
    case pb::FieldDescriptor::CPPTYPE_DOUBLE: return as_text(r.GetDouble(message, &field));
    case pb::FieldDescriptor::CPPTYPE_STRING: return r.GetString(message, &field);
    default: throw Error(ErrorCode::internal, "config: field '" + field.name() + "' is no scalar");
  }
}

}  // namespace

void parse_text(const std::filesystem::path& path, pb::Message& message, pb::TextFormat::ParseInfoTree& places) {
  const std::string text = read(path);
  Collector collector(path.string(), *message.GetDescriptor());
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&places);
  parser.SetRecursionLimit(32);
  if (!parser.ParseFromString(text, &message)) {
    throw Error(ErrorCode::invalid_argument, collector.text().empty()
                                                 ? path.string() + ": not a " + message.GetDescriptor()->name()
                                                 : collector.text());
  }
}

const pb::FieldDescriptor* Node::find(const char* field) const {
  const pb::FieldDescriptor* found = message_->GetDescriptor()->FindFieldByName(field);
  if (!found) throw Error(ErrorCode::internal, std::string("config: no field '") + field + "' in the schema");
  return found;
}

bool Node::has(const char* field) const {
  const pb::FieldDescriptor* f = find(field);
  const pb::Reflection& r = *message_->GetReflection();
  return f->is_repeated() ? r.FieldSize(*message_, f) > 0 : r.HasField(*message_, f);
}

std::string Node::text(const char* field) const { return scalar(*message_, *find(field)); }

double Node::number(const char* field, double otherwise) const {
  return has(field) ? std::stod(scalar(*message_, *find(field))) : otherwise;
}

bool Node::flag(const char* field, bool otherwise) const {
  return has(field) ? message_->GetReflection()->GetBool(*message_, find(field)) : otherwise;
}

std::vector<Node> Node::children(const char* field) const {
  const pb::FieldDescriptor* f = find(field);
  const pb::Reflection& r = *message_->GetReflection();
  const auto tree = [&](int index) { return places_ ? places_->GetTreeForNested(f, index) : nullptr; };
  const auto path = [&](int index) { return path_.empty() ? "" : place(field, index).text; };
  std::vector<Node> nodes;
  if (f->is_repeated()) {
    for (int i = 0; i < r.FieldSize(*message_, f); ++i)
      nodes.emplace_back(r.GetRepeatedMessage(*message_, f, i), tree(i), *file_, path(i));
  } else if (r.HasField(*message_, f)) {
    nodes.emplace_back(r.GetMessage(*message_, f), tree(-1), *file_, path(-1));
  }
  return nodes;
}

Options Node::options() const {
  Options options;
  std::vector<const pb::FieldDescriptor*> fields;
  message_->GetReflection()->ListFields(*message_, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->message_type()) continue;
    std::string name = field->name();
    for (char& c : name)
      if (c == '_') c = '-';
    Place at = place(field->name().c_str());
    at.written = field->name();
    options[name] = {scalar(*message_, *field), std::move(at)};
  }
  return options;
}

Options Node::map(const char* field) const {
  Options options;
  int index = 0;
  for (const Node& entry : children(field)) {
    const std::string key = entry.text("key");
    Place at = path_.empty() ? place(field, index++) : Place{path_ + "." + field + "." + key};
    at.written = key;
    options[key] = {entry.text("value"), std::move(at)};
  }
  return options;
}

Place Node::place(const char* field, int index) const {
  const pb::FieldDescriptor* found = find(field);
  if (!path_.empty())
    return {path_ + "." + field + (found->is_repeated() ? "[" + std::to_string(std::max(0, index)) + "]" : "")};
  if (!places_) return {file_->string()};
  const auto at = places_->GetLocation(found, found->is_repeated() ? std::max(0, index) : index);
  if (at.line < 0) return {file_->string()};
  return {file_->string() + ":" + std::to_string(at.line + 1) + ":" + std::to_string(at.column + 1)};
}

}  // namespace vireo::config
