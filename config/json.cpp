#include "config/json.h"

#include <google/protobuf/util/json_util.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <regex>

#include "config/schema.h"
#include "engine/api/error.h"

namespace vireo::config {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;

// ---- reading -------------------------------------------------------------------------------------------------------

/// The message that stands at a path like "source" or "stage[0].infer"; null where there is none.
const pb::Descriptor* type_at(const pb::Descriptor* type, const std::string& path) {
  for (std::size_t begin = 0; type && begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, std::min(path.find('[', begin), end) - begin);
    const pb::FieldDescriptor* field = type->FindFieldByName(name);
    if (!field) field = type->FindFieldByCamelcaseName(name);
    type = field ? field->message_type() : nullptr;
    begin = end + 1;
  }
  return type;
}

/// The library's "(stage[0].infer) bogus: Cannot find field." as "$.stage[0].infer.bogus: no such field; accepted …".
std::string readable(const std::string& said, const pb::Descriptor* root) {
  static const std::regex kForm(R"(^(?:\(([^)]*)\))?[ :]*([^]*)$)"), kUnknown(R"(^([^ :]+): Cannot find field\.)");
  std::smatch form, unknown;
  std::regex_match(said, form, kForm);  // recurses: `said` is short
  const std::string path = form[1], what = form[2];
  const std::string at = path.empty() ? "$" : "$." + path;
  if (!std::regex_search(what, unknown, kUnknown)) return at + ": " + what.substr(0, what.find('\n'));
  std::string accepted;
  if (const pb::Descriptor* type = type_at(root, path))
    for (int i = 0; i < type->field_count(); ++i) accepted += (i ? ", " : "; accepted are ") + type->field(i)->name();
  return at + "." + unknown[1].str() + ": no such field" + accepted;
}

void parse(const std::string& text, Schema& schema) {
  const auto status = pb::util::JsonStringToMessage(text, schema.message.get());
  if (!status.ok())
    throw Error(ErrorCode::invalid_argument,
                readable(std::string(status.message()).substr(0, 400), schema.message->GetDescriptor()));
}

// ---- writing -------------------------------------------------------------------------------------------------------

template <typename Number>
Json number_of(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? Json(value) : Json(text);
}

/// As its field's type says; as text where the value is no such thing (it was set by other ways than a file).
Json value_of(const std::string& text, Knob::Type type) {
  switch (type) {
    case Knob::Type::boolean: return text == "true" || text == "false" ? Json(text == "true") : Json(text);
    case Knob::Type::integer: return number_of<std::int64_t>(text);
    case Knob::Type::natural: return number_of<std::uint64_t>(text);
    case Knob::Type::number: return number_of<double>(text);
    case Knob::Type::text: break;
  }
  return text;
}

Json fields_of(const Options& options, const Knobs& knobs, const char* message) {
  Json fields = Json::object();
  const auto known = knobs.find(message);
  for (const auto& [name, option] : options) {
    Knob::Type type = Knob::Type::text;
    if (known != knobs.end())
      for (const Knob& knob : known->second)
        if (knob.name == name) type = knob.type;
    std::string field = name;
    for (char& c : field)
      if (c == '-') c = '_';
    fields[field] = value_of(option.value, type);
  }
  return fields;
}

Json map_of(const Options& options) {
  Json map = Json::object();
  for (const auto& [name, option] : options) map[name] = option.value;
  return map;
}

Json json_of(const SourceConfig& source) {
  Json json = Json::object();
  if (!source.uri.empty()) json["uri"] = source.uri;
  if (source.width) json["width"] = source.width;
  if (source.height) json["height"] = source.height;
  if (source.fps > 0) json["fps"] = source.fps;
  if (source.live) json["live"] = true;
  if (source.loop) json["loop"] = true;
  if (source.stall_timeout_s > 0) json["stall_timeout"] = source.stall_timeout_s;
  if (source.give_up_s > 0) json["give_up"] = source.give_up_s;
  if (source.retry_max_s > 0) json["retry_max"] = source.retry_max_s;
  if (!source.properties.empty()) json["property"] = map_of(source.properties);
  return json;
}

Json json_of(const StreamConfig& stream, const Knobs& knobs) {
  Json json = Json::object();
  if (!stream.name.empty()) json["name"] = stream.name;
  if (const Json source = json_of(stream.source); !source.empty()) json["source"] = source;
  for (const StageConfig& stage : stream.stages)
    json["stage"].push_back({{"infer", fields_of(stage.properties, knobs, "Infer")}});
  if (stream.draw) json["draw"] = fields_of(stream.draw_properties, knobs, "Draw");
  for (const SinkConfig& sink : stream.sinks) {
    Json one = {{"to", sink.to}};
    if (!sink.properties.empty()) one["property"] = map_of(sink.properties);
    json["sink"].push_back(one);
  }
  if (stream.max_frames) json["max_frames"] = stream.max_frames;
  return json;
}

std::string text_of(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

StreamConfig stream_from_json(const std::string& text, const Knobs& knobs, const StreamConfig& base,
                              const std::filesystem::path& folder) {
  Schema schema(knobs, "Stream");
  parse(text, schema);
  const std::filesystem::path file = folder / "request";
  StreamConfig stream = base;
  stream.place = {"$"};
  read_stream(Node(*schema.message, nullptr, file, "$"), stream);
  return stream;
}

void complete_stream(StreamConfig& stream) {
  DeploymentConfig config;
  complete(stream, config);
}

DeploymentConfig deployment_from_json(const std::string& text, const Knobs& knobs,
                                      const std::filesystem::path& folder) {
  Schema schema(knobs, "Deployment");
  parse(text, schema);
  const std::filesystem::path file = folder / "request";
  return read_deployment(Node(*schema.message, nullptr, file, "$"), NoStreams::accepted);
}

std::string to_json(const StreamConfig& stream, const Knobs& knobs) { return text_of(json_of(stream, knobs)); }

std::string to_json(const DeploymentConfig& config, const Knobs& knobs) {
  Json json = Json::object();
  if (const Json defaults = json_of(config.defaults, knobs); !defaults.empty()) json["defaults"] = defaults;
  json["stream"] = Json::array();
  for (const StreamConfig& stream : config.streams) json["stream"].push_back(json_of(stream, knobs));
  return text_of(json);
}

}  // namespace vireo::config
