#pragma once
// Deployments as JSON: the schema of files (deployment.proto) in protobuf's JSON mapping, names of fields as in the
// files. Errors begin with the field's place: "$.stage[0].infer.score_threshold: …". Stateless, any thread.

#include <filesystem>
#include <string>

#include "config/loader.h"
#include "config/settings.h"

namespace vireo::config {

/// A Stream over what `base` says. Relative paths start in `folder`. Throws Error.
[[nodiscard]] StreamConfig stream_from_json(const std::string& text, const Knobs& knobs, const StreamConfig& base,
                                            const std::filesystem::path& folder);
/// Refuses what lacks a source or model, and reads the model files that it names. Throws Error.
void complete_stream(StreamConfig& stream);

/// A Deployment; it may have no streams. Throws Error.
[[nodiscard]] DeploymentConfig deployment_from_json(const std::string& text, const Knobs& knobs,
                                                    const std::filesystem::path& folder);

/// What the two above read. What streams have from the defaults stands in them too.
[[nodiscard]] std::string to_json(const StreamConfig& stream, const Knobs& knobs);
[[nodiscard]] std::string to_json(const DeploymentConfig& config, const Knobs& knobs);

}  // namespace vireo::config
