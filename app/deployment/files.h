#pragma once
// What a deployment reads and writes, so that nothing of the user's is overwritten.

#include "app/files/outputs.h"
#include "config/settings.h"

namespace vireo::deployment {

/// Adds its files. To be called last: where an output that exists already may be external data of a model, the model is
/// imported to find out. The configuration is resolved.
void add_files(files::Outputs& files, const config::DeploymentConfig& config);

}  // namespace vireo::deployment
