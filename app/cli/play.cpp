#include "app/cli/play.h"

#include <fmt/core.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>

namespace vireo::cli {
namespace {

// Signal handlers take no argument: this is the one pipeline that a signal stops.
std::atomic<pipeline::Pipeline*> g_running{nullptr};

void on_signal(int number) {
  if (pipeline::Pipeline* running = g_running.exchange(nullptr)) running->stop();
  else {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

}  // namespace

pipeline::RunStats play(const pipeline::PipelineConfig& config, pipeline::FrameObserver observer) {
  pipeline::Pipeline running(config, std::move(observer));
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

void report(const pipeline::RunStats& stats, const std::string& json_path, bool stdout_taken) {
  fmt::print(stdout_taken ? stderr : stdout, "{}\n", pipeline::to_line(stats));
  if (json_path.empty()) return;
  if (json_path == "-") {
    std::cout << pipeline::to_json(stats) << "\n";
    return;
  }
  std::ofstream file(json_path);
  file << pipeline::to_json(stats) << "\n";
  if (!file.flush()) throw Error(ErrorCode::io, "can't write '" + json_path + "'");
}

}  // namespace vireo::cli
