#pragma once
// Running a deployment from the command line: interrupts end it in order, SIGHUP reads its file again, HTTP changes it,
// the service manager is told how it is, figures go where the user wants them.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "app/deployment/deployment.h"
#include "config/settings.h"
#include "engine/api/error.h"

namespace vireo::cli {

/// Reads the configuration again, for SIGHUP; empty: there is no file, and SIGHUP ends the run in order.
using Reload = std::function<config::DeploymentConfig()>;

/// Runs until all streams have ended, or with `control` until it is told to end; SIGINT and SIGTERM let streams end
/// properly (a second one kills). With `control` it is changed and asked over HTTP too. `folder`: where relative paths
/// of such changes start.
[[nodiscard]] deployment::RunStats play(const config::DeploymentConfig& config, const Reload& reload = {},
                                        deployment::FrameObserver observer = {},
                                        const std::filesystem::path& folder = ".");

/// The final line on stdout, or on stderr when results themselves go to stdout; and the JSON file where asked for.
void report(const deployment::RunStats& stats, const std::string& json_path, bool stdout_taken);

/// What went wrong, on stderr; the exit code that says so.
[[nodiscard]] int verdict(const deployment::RunStats& stats);

}  // namespace vireo::cli
