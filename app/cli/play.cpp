#include "app/cli/play.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>

#include "app/cli/command.h"
#include "app/control/controller.h"
#include "app/control/health.h"
#include "app/control/notify.h"
#include "app/control/server.h"
#include "app/deployment/elements.h"
#include "app/deployment/gst_objects.h"

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

/// The first start takes its time, and nothing moves meanwhile: what it is at is told after a second, then whenever it
/// is at something else, and how far it is from time to time.
class StartTeller {
 public:
  void look(const deployment::Snapshot& snapshot) {
    const auto now = std::chrono::steady_clock::now();
    if (over_ || now - begin_ < kSilence || now < next_) return;
    next_ = now + kLook;
    over_ = true;
    for (const deployment::StreamSnapshot& stream : snapshot.streams) {
      if (stream.state != deployment::StreamState::starting) continue;
      over_ = false;
      if (stream.doing.empty()) continue;
      tell(stream.doing, now);
      return;
    }
  }

  [[nodiscard]] bool over() const { return over_; }

 private:
  static constexpr std::chrono::seconds kSilence{1}, kEvery{5};
  static constexpr std::chrono::milliseconds kLook{200};

  void tell(const std::string& doing, std::chrono::steady_clock::time_point now) {
    const std::string what = doing.substr(0, doing.rfind(", "));
    if (what == told_ && now - told_at_ < kEvery) return;
    fmt::print(stderr, "vireo: {}\n", doing);
    if (told_.empty())
      fmt::print(stderr, "vireo: from ONNX that takes its time once, then the plan is kept; Ctrl-C ends it\n");
    told_ = what;
    told_at_ = now;
  }

  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now(), next_, told_at_;
  std::string told_;
  bool over_ = false;
};

/// For the service manager's status line.
std::string in_words(const deployment::Snapshot& snapshot) {
  std::size_t playing = 0;
  for (const deployment::StreamSnapshot& stream : snapshot.streams)
    playing += stream.state == deployment::StreamState::playing;
  return fmt::format("{} of {} streams playing", playing, snapshot.streams.size());
}

/// Streams that are not done are all still loading: nothing of theirs would be lost.
bool only_loads(const deployment::Snapshot& snapshot) {
  return std::ranges::all_of(snapshot.streams, [](const deployment::StreamSnapshot& stream) {
    using deployment::StreamState;
    return stream.state == StreamState::starting || stream.state == StreamState::ended ||
           stream.state == StreamState::failed;
  });
}

/// Nothing is said while something hangs: then the service manager begins anew.
void ping(control::ServiceNotify& service, const deployment::Snapshot& snapshot) {
  if (control::is_alive(snapshot, deployment::now_ns(), service.watchdog())) service.ping(in_words(snapshot));
}

/// What runs stays when the new configuration is not good.
void apply_again(control::Controller& controller, const Reload& reload,
                 const std::optional<config::ControlConfig>& control) {
  try {
    const config::DeploymentConfig config = reload();
    if (config.control != control)
      log(LogLevel::warning, "control stays as it was at the start; it is read again when the process starts anew");
    controller.apply(config);
    log(LogLevel::warning, "the deployment was read again");
  } catch (const Error& error) {
    log(LogLevel::error, std::string("the deployment goes on as it was: ") + error.what());
  }
}

}  // namespace

deployment::RunStats play(const config::DeploymentConfig& config, const Reload& reload,
                          deployment::FrameObserver observer, const std::filesystem::path& folder) {
  auto own = std::make_unique<deployment::Deployment>(std::move(observer));
  deployment::Deployment& deployment = *own;
  control::Controller controller(deployment, deployment::element_knobs(), folder);
  const Signals signals(bool{reload});
  control::ServiceNotify service(std::getenv("NOTIFY_SOCKET"), std::getenv("WATCHDOG_USEC"));
  controller.apply(config);
  std::unique_ptr<control::Server> server;
  if (config.control) {
    server = std::make_unique<control::Server>(controller, *config.control);
    fmt::print(stderr, "vireo: control at {}\n", server->address());
  }
  service.ready(in_words(deployment.snapshot()));
  constexpr std::chrono::milliseconds kPatience{1500};
  std::chrono::steady_clock::time_point stopped_at;
  StartTeller start;
  int reloads = 0;
  for (bool stopped = false; !deployment.done() || (server && !stopped);) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!start.over()) start.look(deployment.snapshot());
    if (service.ping_is_due()) ping(service, deployment.snapshot());
    if (!stopped && g_stops > 0) {
      stopped = true;
      stopped_at = std::chrono::steady_clock::now();
      service.stopping();
      deployment.stop();
    }
    // Some drivers compile where nobody can break them off.
    if (stopped && std::chrono::steady_clock::now() - stopped_at > kPatience && only_loads(deployment.snapshot())) {
      server.reset();
      leave_work_behind();
      return deployment::sum_up(own.release()->snapshot());
    }
    if (!stopped && g_reloads > reloads) {
      reloads = g_reloads;
      service.reloading();
      apply_again(controller, reload, config.control);
      service.ready(in_words(deployment.snapshot()));
    }
  }
  server.reset();
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
