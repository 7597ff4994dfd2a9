#pragma once
// Running a pipeline from the command line: interrupts end it in order, figures go where the user wants them.

#include <string>

#include "app/cli/outputs.h"
#include "app/deployment/pipeline.h"
#include "engine/api/error.h"

namespace vireo::cli {

/// Adds what the pipeline reads and writes. To be called last: where an output that exists already may be external data
/// of the model, the model is imported to find out.
void add_files(Outputs& files, const deployment::PipelineConfig& config);

/// Builds and runs; SIGINT and SIGTERM let it end properly (a second one kills).
[[nodiscard]] deployment::RunStats play(const deployment::PipelineConfig& config,
                                        deployment::FrameObserver observer = {});

/// The final line on stdout, or on stderr when results themselves go to stdout; and the JSON file where asked for.
void report(const deployment::RunStats& stats, const std::string& json_path, bool stdout_taken);

}  // namespace vireo::cli
