#include "app/cli/play.h"

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

#include "engine/api/log.h"
#include "engine/api/output_file.h"

namespace vireo::cli {
namespace {

// Signal handlers take no argument.
std::atomic<int> g_stops{0}, g_reloads{0};
static_assert(std::atomic<int>::is_always_lock_free);

void on_stop(int number) {
  if (++g_stops == 1) return;
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void on_reload(int) { ++g_reloads; }

/// Handlers for as long as a deployment runs.
class Signals {
 public:
  explicit Signals(bool reloads)
      : int_(std::signal(SIGINT, on_stop)),
        term_(std::signal(SIGTERM, on_stop)),
        hup_(std::signal(SIGHUP, reloads ? on_reload : on_stop)) {
    g_stops = g_reloads = 0;
    if (hup_ == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup: the terminal may go
  }
  ~Signals() {
    std::signal(SIGINT, int_);
    std::signal(SIGTERM, term_);
    std::signal(SIGHUP, hup_);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void (*int_)(int);
  void (*term_)(int);
  void (*hup_)(int);
};

constexpr auto kSilence = std::chrono::seconds(1);

/// The first start takes its time, and nothing moves meanwhile.
void tell_start(const deployment::Snapshot& snapshot) {
  for (const deployment::StreamSnapshot& stream : snapshot.streams) {
    if (stream.state != deployment::StreamState::starting) continue;
    fmt::print(
        stderr,
        "vireo: the model is being prepared; from ONNX that takes seconds the first time, then its plan is kept\n");
    return;
  }
}

/// What runs stays when the new configuration is not good.
void apply_again(deployment::Deployment& deployment, const Reload& reload) {
  try {
    deployment.apply(reload());
    log(LogLevel::warning, "the deployment was read again");
  } catch (const Error& error) {
    log(LogLevel::error, std::string("the deployment goes on as it was: ") + error.what());
  }
}

}  // namespace

deployment::RunStats play(const config::DeploymentConfig& config, const Reload& reload,
                          deployment::FrameObserver observer) {
  deployment::Deployment deployment(std::move(observer));
  const Signals signals(bool{reload});
  deployment.apply(config);
  const auto begin = std::chrono::steady_clock::now();
  bool told = false;
  int reloads = 0;
  for (bool stopped = false; !deployment.done();) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!told && std::chrono::steady_clock::now() - begin > kSilence) {
      told = true;
      tell_start(deployment.snapshot());
    }
    if (!stopped && g_stops > 0) {
      stopped = true;
      deployment.stop();
    }
    if (!stopped && g_reloads > reloads) {
      reloads = g_reloads;
      apply_again(deployment, reload);
    }
  }
  return deployment::sum_up(deployment.snapshot());
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

int verdict(const deployment::RunStats& stats) {
  for (const std::string& sentence : stats.cut_short) fmt::print(stderr, "vireo: {}\n", sentence);
  for (const std::string& sentence : stats.failures) fmt::print(stderr, "vireo: {}\n", sentence);
  return stats.cut_short.empty() && stats.failures.empty() ? 0 : 1;
}

}  // namespace vireo::cli
