#include "app/cli/play.h"

#include <fmt/core.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <sstream>

#include "app/cli/model.h"
#include "app/deployment/sinks.h"
#include "app/deployment/sources.h"
#include "engine/api/output_file.h"

namespace vireo::cli {
namespace {

// Signal handlers take no argument: this is the one pipeline that a signal stops.
std::atomic<deployment::Pipeline*> g_running{nullptr};

void on_signal(int number) {
  if (deployment::Pipeline* running = g_running.exchange(nullptr)) running->stop();
  else {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

/// The files among the properties of vireoinfer: class names, and whatever else names one.
void add_properties(Outputs& files, const deployment::Properties& infer) {
  std::error_code failed;
  for (const auto& [name, value] : infer)
    if (std::filesystem::is_regular_file(value, failed)) files.read("the " + name, value);
  const auto options = infer.find("options");  // a=1;labels=file:names.txt
  if (options == infer.end()) return;
  std::istringstream items(options->second);
  for (std::string item; std::getline(items, item, ';');)
    if (const std::size_t file = item.find("=file:"); file != std::string::npos)
      files.read("the " + item.substr(0, file), item.substr(file + 6));
}

void add_sinks(Outputs& files, const deployment::PipelineConfig& config) {
  for (const std::string& text : config.sinks) {
    const deployment::SinkAddress sink = deployment::parse_sink(text);
    if (sink.kind == deployment::SinkKind::publisher) {
      files.write("the sink", sink.target.substr(sink.target.find(':') + 1), OutputKind::in_place);
    } else if (sink.kind == deployment::SinkKind::video_file && config.sources.size() <= 1) {
      files.write("the sink", sink.target, OutputKind::in_place);
    } else if (sink.kind == deployment::SinkKind::video_file) {
      for (std::size_t i = 0; i < config.sources.size(); ++i) {
        const std::string& name = config.sources[i].name;
        files.write("the sink", deployment::with_name(sink.target, name.empty() ? "source" + std::to_string(i) : name),
                    OutputKind::in_place);
      }
    }
  }
}

}  // namespace

void add_files(Outputs& files, const deployment::PipelineConfig& config) {
  for (const deployment::SourceConfig& source : config.sources) {
    for (const std::string& picture : deployment::find_pictures(source.uri)) files.read("the source", picture);
    files.read("the source", deployment::video_file_of(source.uri));
  }
  add_properties(files, config.infer);
  add_sinks(files, config);
  const auto model = config.infer.find("model");
  if (model == config.infer.end() || Plan::is_plan(model->second) ||
      !files.may_replace_in(std::filesystem::path(model->second).parent_path()))
    return;
  try {
    read_external_data(files, model->second, import_onnx(std::filesystem::path(model->second)));
  } catch (const Error&) {  // a model that can't be imported: running it reports that
  }
}

deployment::RunStats play(const deployment::PipelineConfig& config, deployment::FrameObserver observer) {
  deployment::Pipeline running(config, std::move(observer));
  g_running = &running;
  const auto old_int = std::signal(SIGINT, on_signal), old_term = std::signal(SIGTERM, on_signal);
  struct Restore {
    void (*old_int)(int);
    void (*old_term)(int);
    ~Restore() {
      g_running = nullptr;
      std::signal(SIGINT, old_int);
      std::signal(SIGTERM, old_term);
    }
  } restore{old_int, old_term};
  return running.run();
}

void report(const deployment::RunStats& stats, const std::string& json_path, bool stdout_taken) {
  fmt::print(stdout_taken ? stderr : stdout, "{}\n", deployment::to_line(stats));
  if (json_path.empty()) return;
  if (json_path == "-") {
    std::cout << deployment::to_json(stats) << "\n";
    return;
  }
  write_file(json_path, deployment::to_json(stats) + "\n");
}

}  // namespace vireo::cli
