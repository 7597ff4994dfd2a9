#pragma once
// The one way by which a running deployment changes, whoever asks: the start, SIGHUP, HTTP. It keeps what was asked
// for last, so that a change of one stream is a change of the whole. Any thread: changes come one after the other, what
// only reads never waits for them.

#include <filesystem>
#include <mutex>
#include <string>

#include "app/deployment/deployment.h"
#include "config/loader.h"
#include "config/settings.h"

namespace vireo::control {

/// Throws Error(not_found) when the file of a model does not exist.
void check_models(const config::DeploymentConfig& config);

class Controller {
 public:
  /// `deployment` must outlive it, and is changed by nobody else. `folder`: where relative paths start in what comes as
  /// JSON.
  Controller(deployment::Deployment& deployment, config::Knobs knobs, std::filesystem::path folder);

  /// The whole, as Deployment::apply().
  void apply(const config::DeploymentConfig& config);
  /// The whole as JSON of a Deployment. Throws Error, and nothing is changed.
  void put_deployment(const std::string& json);

  enum class Done { made, changed, unknown, needs_restart };
  /// Adds or replaces a stream: JSON of a Stream, over the deployment's defaults. made or changed. Throws Error.
  Done put_stream(const std::string& name, const std::string& json);
  /// Sets what JSON of a Stream says while the stream plays on: changed, unknown, or needs_restart where something
  /// can't be set so and nothing was. Throws Error.
  Done patch_stream(const std::string& name, const std::string& json);
  /// The stream ends; returns when its files are finished. changed or unknown.
  Done remove_stream(const std::string& name);

  /// JSON of what was asked for last, without secrets.
  [[nodiscard]] std::string deployment_json() const;
  /// "" where there is no such stream.
  [[nodiscard]] std::string stream_json(const std::string& name) const;

  [[nodiscard]] deployment::Deployment& deployment() { return deployment_; }

 private:
  [[nodiscard]] config::DeploymentConfig config() const;
  void apply_checked(const config::DeploymentConfig& config);
  void keep(const config::DeploymentConfig& config);

  deployment::Deployment& deployment_;
  const config::Knobs knobs_;
  const std::filesystem::path folder_;
  std::mutex change_;  ///< held while something changes
  mutable std::mutex mutex_;
  config::DeploymentConfig config_;  ///< guarded by the mutex
};

}  // namespace vireo::control
