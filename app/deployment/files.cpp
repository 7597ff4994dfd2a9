#include "app/deployment/files.h"

#include <filesystem>
#include <set>
#include <sstream>

#include "app/deployment/sinks.h"
#include "app/deployment/sources.h"
#include "engine/api/plan.h"

namespace vireo::deployment {
namespace {

/// The files among the properties of an element: models, class names, and whatever else names one.
void add_properties(files::Outputs& files, const config::Options& properties) {
  std::error_code failed;
  for (const auto& [name, option] : properties)
    if (std::filesystem::is_regular_file(option.value, failed)) files.read("the " + name, option.value);
  const auto options = properties.find("options");  // a=1;labels=file:names.txt
  if (options == properties.end()) return;
  std::istringstream items(options->second.value);
  for (std::string item; std::getline(items, item, ';');)
    if (const std::size_t file = item.find("=file:"); file != std::string::npos)
      files.read("the " + item.substr(0, file), item.substr(file + 6));
}

/// Recordings belong to one stream; others may be shared.
void add_sinks(files::Outputs& files, const config::DeploymentConfig& config) {
  std::set<std::string> shared;
  for (const config::StreamConfig& stream : config.streams) {
    for (const config::SinkConfig& sink : stream.sinks) {
      const SinkRow& row = sink_row(sink);
      if (!row.a_file_each && !shared.insert(sink.to).second) continue;
      const std::string place = sink.place.text.empty() ? "" : sink.place.text + ": ";
      files.write(place + "the sink", sink_file(sink),
                  row.replaces ? files::OutputKind::text : files::OutputKind::in_place);
      if (row.replaces) files.write(place + "the sink's", sink_file(sink) + ".part");
    }
  }
}

void add_external_data(files::Outputs& files, const std::string& model) {
  if (Plan::is_plan(model) || !files.may_replace_in(std::filesystem::path(model).parent_path())) return;
  try {
    read_external_data(files, model, import_onnx(std::filesystem::path(model)));
  } catch (const Error&) {  // a model that can't be imported: running it reports that
  }
}

}  // namespace

void add_files(files::Outputs& files, const config::DeploymentConfig& config) {
  for (const auto& [what, file] : config.files) files.read(what, file);
  for (const config::StreamConfig& stream : config.streams) {
    for (const std::string& picture : find_pictures(stream.source.uri)) files.read("the source", picture);
    for (const std::string& video : find_videos(stream.source.uri)) files.read("the source", video);
    files.read("the source", video_file_of(stream.source.uri));
    for (const config::StageConfig& stage : stream.stages) add_properties(files, stage.properties);
  }
  add_sinks(files, config);
  std::set<std::string> models;
  for (const config::StreamConfig& stream : config.streams)
    for (const config::StageConfig& stage : stream.stages)
      for (const char* name : {"model", "smaller-model"})
        if (const auto model = stage.properties.find(name); model != stage.properties.end())
          models.insert(model->second.value);
  for (const std::string& model : models) add_external_data(files, model);
}

}  // namespace vireo::deployment
