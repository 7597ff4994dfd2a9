#include "config/loader.h"

#include <google/protobuf/descriptor.pb.h>

#include "config/deployment.pb.h"
#include "config/schema.h"
#include "config/text_file.h"
#include "engine/api/error.h"

namespace vireo::config {
namespace {

namespace pb = google::protobuf;
namespace fs = std::filesystem;

// ---- the schema with the elements' properties as fields ------------------------------------------------------------

pb::FieldDescriptorProto::Type type_of(Knob::Type type) {
  switch (type) {
    case Knob::Type::boolean: return pb::FieldDescriptorProto::TYPE_BOOL;
    case Knob::Type::integer: return pb::FieldDescriptorProto::TYPE_INT64;
    case Knob::Type::natural: return pb::FieldDescriptorProto::TYPE_UINT64;
    case Knob::Type::number: return pb::FieldDescriptorProto::TYPE_DOUBLE;
    case Knob::Type::text: break;
  }
  return pb::FieldDescriptorProto::TYPE_STRING;
}

/// Each as `optional`, which proto3 writes as a oneof of its own.
void add_fields(pb::DescriptorProto& message, const std::vector<Knob>& knobs) {
  for (const Knob& knob : knobs) {
    std::string name = knob.name;
    for (char& c : name)
      if (c == '-') c = '_';
    pb::FieldDescriptorProto& field = *message.add_field();
    field.set_name(name);
    field.set_number(message.field_size());
    field.set_type(type_of(knob.type));
    field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    field.set_proto3_optional(true);
    field.set_oneof_index(message.oneof_decl_size());
    message.add_oneof_decl()->set_name("_" + name);
  }
}

// ---- reading -------------------------------------------------------------------------------------------------------

[[noreturn]] void refuse(const Place& place, const std::string& what) {
  throw Error(ErrorCode::invalid_argument, place.text + ": " + what);
}

/// A number that must not be negative.
double amount(const Node& node, const char* field) {
  const double value = node.number(field, 0);
  if (!(value >= 0))
    refuse(node.place(field), std::string(field) + ": found " + node.text(field) + ", accepted is 0 or more");
  return value;
}

std::string folder_of(const fs::path& file) { return fs::absolute(file).parent_path().string(); }

void read_source(const Node& node, SourceConfig& source) {
  const auto given = [&](const char* field) { return node.has(field); };
  if (given("uri")) {
    source.uri = node.text("uri");
    source.place = node.place("uri");
    source.folder = folder_of(node.file());
  }
  if (given("width")) source.width = int(amount(node, "width"));
  if (given("height")) source.height = int(amount(node, "height"));
  if (given("fps")) source.fps = amount(node, "fps");
  source.live = node.flag("live", source.live);
  source.loop = node.flag("loop", source.loop);
  if (given("stall_timeout")) source.stall_timeout_s = amount(node, "stall_timeout");
  if (given("give_up")) source.give_up_s = amount(node, "give_up");
  if (given("retry_max")) source.retry_max_s = amount(node, "retry_max");
  for (auto& [name, option] : node.map("property")) source.properties[name] = option;
}

void read_stage(const Node& node, StageConfig& stage) {
  for (const Node& infer : node.children("infer")) {
    for (auto& [name, option] : infer.options()) {
      const bool path = name == "model" || name == "smaller-model" ||
                        (name == "labels" && fs::is_regular_file(fs::path(folder_of(node.file())) / option.value));
      if (path) option.value = (fs::path(folder_of(node.file())) / option.value).lexically_normal().string();
      stage.properties[name] = option;
    }
  }
  if (!node.has("infer")) refuse(node.place("infer"), "a stage without a kind; accepted are: infer");
}

SinkConfig read_sink(const Node& node) {
  SinkConfig sink;
  sink.to = node.text("to");
  sink.place = node.place("to");
  sink.folder = folder_of(node.file());
  sink.properties = node.map("property");
  if (sink.to.empty())
    refuse(sink.place, "a sink without an address; add to: \"FILE.mp4\", \"jsonl:FILE\", \"display\"");
  return sink;
}

}  // namespace

Schema::Schema(const Knobs& knobs, const char* root) {
  pb::FileDescriptorProto file;
  Deployment::descriptor()->file()->CopyTo(&file);
  for (pb::DescriptorProto& type : *file.mutable_message_type())
    if (const auto found = knobs.find(type.name()); found != knobs.end()) add_fields(type, found->second);
  const pb::FileDescriptor* built = pool.BuildFile(file);
  if (!built) throw Error(ErrorCode::internal, "config: the schema of deployments can't be extended");
  message.reset(factory.GetPrototype(built->FindMessageTypeByName(root))->New());
}

void read_stream(const Node& node, StreamConfig& stream) {
  if (node.has("name")) {
    stream.name = node.text("name");
    stream.place = node.place("name");
  }
  for (const Node& source : node.children("source")) read_source(source, stream.source);
  const std::vector<Node> stages = node.children("stage");
  if (stages.size() > stream.stages.size()) stream.stages.resize(stages.size());
  for (std::size_t i = 0; i < stages.size(); ++i) read_stage(stages[i], stream.stages[i]);
  for (const Node& draw : node.children("draw")) {
    stream.draw = true;
    for (auto& [name, option] : draw.options()) stream.draw_properties[name] = option;
  }
  if (node.has("sink")) stream.sinks.clear();
  for (const Node& sink : node.children("sink")) stream.sinks.push_back(read_sink(sink));
  if (node.has("max_frames")) stream.max_frames = std::stoull(node.text("max_frames"));
}

namespace {

/// A model file in place of a model says more about it.
void read_model_file(StageConfig& stage, DeploymentConfig& config) {
  const auto model = stage.properties.find("model");
  if (model == stage.properties.end() || !is_text_config(model->second.value)) return;
  const std::string file = model->second.value;
  stage.properties.erase(model);
  apply_model_file(file, stage.properties);
  config.files.emplace_back("the model file", file);
}

ControlConfig read_control(const Node& node) {
  ControlConfig control{node.text("listen"), node.place("listen"), node.text("token_file"), node.place("token_file")};
  if (control.listen.empty()) refuse(control.place, "control that listens nowhere; add listen: \"8080\"");
  if (!control.token_file.empty())
    control.token_file = (fs::path(folder_of(node.file())) / control.token_file).lexically_normal().string();
  return control;
}

}  // namespace

void complete(StreamConfig& stream, DeploymentConfig& config) {
  if (stream.source.uri.empty()) refuse(stream.place, "a stream without a source; add source { uri: \"…\" }");
  if (stream.stages.empty()) refuse(stream.place, "no model; add stage { infer { model: \"FILE.onnx\" } }");
  for (StageConfig& stage : stream.stages) {
    if (!stage.properties.contains("model"))
      refuse(stream.place, "a stage without a model; add model: \"FILE.onnx\" to infer");
    read_model_file(stage, config);
  }
}

DeploymentConfig read_deployment(const Node& root, NoStreams none) {
  DeploymentConfig config;
  StreamConfig& defaults = config.defaults;
  defaults.draw = false;
  for (const Node& node : root.children("control")) config.control = read_control(node);
  for (const Node& node : root.children("defaults")) read_stream(node, defaults);
  if (!defaults.name.empty()) refuse(defaults.place, "name: streams can't share one; give each stream its own");
  const std::vector<Node> streams = root.children("stream");
  for (SinkConfig& sink : defaults.sinks) sink.shared = streams.size() > 1;
  int index = 0;
  for (const Node& node : streams) {
    StreamConfig stream = defaults;
    stream.place = root.place("stream", index);
    read_stream(node, stream);
    if (stream.name.empty()) stream.name = "stream" + std::to_string(index);
    complete(stream, config);
    config.streams.push_back(std::move(stream));
    ++index;
  }
  if (config.streams.empty() && !config.control && none == NoStreams::refused)
    refuse(root.place("stream"), "no stream; add stream { source { uri: \"…\" } stage { … } }");
  for (SinkConfig& sink : defaults.sinks) sink.shared = true;  // with those that are there
  return config;
}

DeploymentConfig load_deployment(const fs::path& path, const Knobs& knobs, NoStreams none) {
  Schema schema(knobs, "Deployment");
  pb::TextFormat::ParseInfoTree places;
  parse_text(path, *schema.message, places);
  DeploymentConfig config = read_deployment(Node(*schema.message, &places, path), none);
  config.files.emplace(config.files.begin(), "the deployment", path.string());
  return config;
}

bool is_text_config(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".pbtxt" || extension == ".textproto" || extension == ".prototxt";
}

}  // namespace vireo::config
