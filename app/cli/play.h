#pragma once
// Running a deployment from the command line: interrupts end it in order, SIGHUP reads its file again, figures go where
// the user wants them.

#include <functional>
#include <optional>
#include <string>

#include "app/deployment/deployment.h"
#include "engine/api/error.h"

namespace vireo::cli {

/// Reads the configuration again, for SIGHUP; empty: there is no file, and SIGHUP ends the run in order.
using Reload = std::function<config::DeploymentConfig()>;

/// Runs until all streams have ended; SIGINT and SIGTERM let them end properly (a second one kills).
[[nodiscard]] deployment::RunStats play(const config::DeploymentConfig& config, const Reload& reload = {},
                                        deployment::FrameObserver observer = {});

/// The final line on stdout, or on stderr when results themselves go to stdout; and the JSON file where asked for.
void report(const deployment::RunStats& stats, const std::string& json_path, bool stdout_taken);

/// What went wrong, on stderr; the exit code that says so.
[[nodiscard]] int verdict(const deployment::RunStats& stats);

}  // namespace vireo::cli
