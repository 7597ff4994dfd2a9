#include "app/control/controller.h"

#include <algorithm>

#include "app/control/secrets.h"
#include "app/deployment/sinks.h"
#include "config/json.h"
#include "engine/api/device.h"

namespace vireo::control {
namespace {

auto find(std::vector<config::StreamConfig>& streams, const std::string& name) {
  return std::find_if(streams.begin(), streams.end(), [&](const auto& stream) { return stream.name == name; });
}

/// As it runs, without what is nobody's business.
config::DeploymentConfig shown(config::DeploymentConfig config) {
  config = deployment::resolved(std::move(config));
  for (config::SinkConfig& sink : config.defaults.sinks) {
    sink.shared = false;
    sink = deployment::resolved(sink, "");
  }
  config.defaults = without_secrets(config.defaults);
  for (config::StreamConfig& stream : config.streams) stream = without_secrets(stream);
  return config;
}

/// What belongs to the stream of this name and can't be said in JSON.
void take_over(config::StreamConfig& stream, const config::StreamConfig& before) {
  restore_secrets(stream, before);
  if (stream.source.uri == before.source.uri) stream.source.first_frame_s = before.source.first_frame_s;
}

}  // namespace

void check_models(const config::DeploymentConfig& config) {
  for (const config::StreamConfig& stream : config.streams) {
    for (const config::StageConfig& stage : stream.stages) {
      const auto refuse = [](const config::Option& option, const std::string& what) {
        throw Error(ErrorCode::not_found, (option.place.text.empty() ? "" : option.place.text + ": ") + what);
      };
      for (const char* name : {"model", "smaller-model"}) {
        const auto model = stage.properties.find(name);
        std::error_code failed;
        if (model != stage.properties.end() && !model->second.value.empty() &&
            !std::filesystem::exists(model->second.value, failed))
          refuse(model->second, "there is no file '" + model->second.value + "'");
      }
      const auto device = stage.properties.find("device");
      if (device == stage.properties.end() || device->second.value.empty() || device->second.value == "opencl:all")
        continue;
      if (!find_device(device->second.value))
        refuse(device->second,
               "there is no device '" + device->second.value + "'; `vireo devices` lists what there is");
    }
  }
}

Controller::Controller(deployment::Deployment& deployment, config::Knobs knobs, std::filesystem::path folder)
    : deployment_(deployment), knobs_(std::move(knobs)), folder_(std::move(folder)) {}

config::DeploymentConfig Controller::config() const {
  std::lock_guard lock(mutex_);
  return config_;
}

void Controller::keep(const config::DeploymentConfig& config) {
  std::lock_guard lock(mutex_);
  config_ = config;
}

void Controller::apply(const config::DeploymentConfig& config) {
  std::lock_guard one(change_);
  deployment_.apply(config);
  keep(config);
}

/// What comes from outside is a mistake more often than a camera's that is not there yet.
void Controller::apply_checked(const config::DeploymentConfig& config) {
  check_models(config);
  deployment_.apply(config);
  keep(config);
}

void Controller::put_deployment(const std::string& json) {
  std::lock_guard one(change_);
  config::DeploymentConfig wanted = config::deployment_from_json(json, knobs_, folder_);
  if (wanted.control)
    throw Error(ErrorCode::invalid_argument, "$.control: is read at the start alone; leave it out here");
  const config::DeploymentConfig before = deployment::resolved(config());
  for (config::StreamConfig& stream : wanted.streams)
    for (const config::StreamConfig& known : before.streams)
      if (known.name == stream.name) take_over(stream, known);
  restore_secrets(wanted.defaults, before.defaults);
  wanted.control = before.control;
  wanted.files.insert(wanted.files.end(), before.files.begin(), before.files.end());
  apply_checked(wanted);
}

Controller::Done Controller::put_stream(const std::string& name, const std::string& json) {
  std::lock_guard one(change_);
  config::DeploymentConfig wanted = config();
  config::StreamConfig stream = config::stream_from_json(json, knobs_, wanted.defaults, folder_);
  if (!stream.name.empty() && stream.name != name)
    throw Error(ErrorCode::invalid_argument,
                "$.name: found '" + stream.name + "', the address says '" + name + "'; leave it out");
  stream.name = name;
  config::complete_stream(stream);
  const auto known = find(wanted.streams, name);
  const bool fresh = known == wanted.streams.end();
  if (fresh) {
    wanted.streams.push_back(std::move(stream));
  } else {
    config::DeploymentConfig before;
    before.streams = {*known};
    take_over(stream, deployment::resolved(before).streams.front());
    *known = std::move(stream);
  }
  apply_checked(wanted);
  return fresh ? Done::made : Done::changed;
}

Controller::Done Controller::patch_stream(const std::string& name, const std::string& json) {
  std::lock_guard one(change_);
  config::DeploymentConfig wanted = deployment::resolved(config());
  const auto known = find(wanted.streams, name);
  if (known == wanted.streams.end()) return Done::unknown;
  const config::StreamConfig before = *known;
  *known = config::stream_from_json(json, knobs_, before, folder_);
  if (known->name != name) throw Error(ErrorCode::invalid_argument, "$.name: a stream keeps its name");
  take_over(*known, before);
  if (!deployment_.change(*known)) return Done::needs_restart;
  keep(wanted);
  return Done::changed;
}

Controller::Done Controller::remove_stream(const std::string& name) {
  std::lock_guard one(change_);
  config::DeploymentConfig wanted = config();
  const auto known = find(wanted.streams, name);
  if (known == wanted.streams.end()) return Done::unknown;
  wanted.streams.erase(known);
  deployment_.apply(wanted);
  keep(wanted);
  return Done::changed;
}

std::string Controller::deployment_json() const { return config::to_json(shown(config()), knobs_); }

std::string Controller::stream_json(const std::string& name) const {
  config::DeploymentConfig all = shown(config());
  const auto known = find(all.streams, name);
  return known == all.streams.end() ? "" : config::to_json(*known, knobs_);
}

}  // namespace vireo::control
