#include "app/cli/autopilot.h"

#include <fmt/core.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "app/cli/measure.h"

namespace vireo::cli {
namespace {

constexpr int kRounds = 5;  // turns of each setting

/// The cores of this process, at most `most` of them (0: all).
std::vector<int> own_cores(int most) {
  cpu_set_t set;
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set) && (most <= 0 || static_cast<int>(cores.size()) < most)) cores.push_back(core);
  if (cores.empty()) throw Error(ErrorCode::internal, "the system doesn't say which cores there are");
  if (most > static_cast<int>(cores.size()))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--threads is {}, this process has {} cores; --autopilot gives each thread its own", most,
                            cores.size()));
  return cores;
}

/// A plan tuned for every number of threads: they share a timing cache, which each build reads and extends.
Loaded load_tuned(ModelFlags flags, const std::set<int>& threads, const Outputs& files) {
  files.check();
  std::filesystem::path own;
  if (flags.timing_cache.empty() && !Plan::is_plan(flags.model)) {
    std::string folder = (std::filesystem::temp_directory_path() / "vireo-autopilot-XXXXXX").string();
    if (!mkdtemp(folder.data())) throw Error(ErrorCode::io, "can't make '" + folder + "': " + std::strerror(errno));
    own = folder;
    flags.timing_cache = (own / "timings-2.txt").string();
  }
  struct Remove {
    const std::filesystem::path& path;
    ~Remove() {
      std::error_code ignored;
      if (!path.empty()) std::filesystem::remove_all(path, ignored);
    }
  } const remove{own};
  double build_s = 0;
  if (!Plan::is_plan(flags.model))
    for (const int n : threads) {
      if (n == *threads.rbegin()) break;
      flags.threads = n;
      build_s += load_model(flags, files).build_s;
    }
  flags.threads = *threads.rbegin();
  Loaded loaded = load_model(flags, files);
  loaded.build_s += build_s;
  return loaded;
}

/// The contexts of one setting and what they did.
struct Trial {
  Setting setting;
  Engine* engine = nullptr;
  std::vector<Context*> contexts;
  std::vector<double> throughput;  ///< of each turn, images per second
  std::vector<double> latency_ms;

  void take(const Turn& turn, double images) {
    double rate = 0;
    for (const Times& times : drive(*engine, contexts, turn)) {
      const double total_ms = std::accumulate(times.ms.begin(), times.ms.end(), 0.0);
      if (total_ms > 0) rate += images * 1e3 * static_cast<double>(times.ms.size()) / total_ms;
      latency_ms.insert(latency_ms.end(), times.ms.begin(), times.ms.end());
    }
    throughput.push_back(rate);
  }
  void finish() {
    std::sort(throughput.begin(), throughput.end());
    std::sort(latency_ms.begin(), latency_ms.end());
  }
  [[nodiscard]] double rate() const { return percentile(throughput, 0.5); }
  [[nodiscard]] double p50() const { return percentile(latency_ms, 0.5); }
  [[nodiscard]] double p95() const { return percentile(latency_ms, 0.95); }
  [[nodiscard]] nlohmann::json json() const {
    return {{"contexts", setting.contexts},
            {"threads", setting.threads},
            {"inferences", latency_ms.size()},
            {"throughput_per_s", rate()},
            {"throughput_range", {throughput.front(), throughput.back()}},
            {"latency_ms", {{"median", p50()}, {"p95", p95()}}}};
  }
};

void print(const std::vector<Trial>& trials, const Trial& most, const Trial& soonest) {
  fmt::print("\n{:>8} {:>8} {:>14} {:>22} {:>10} {:>10}\n", "contexts", "threads", "throughput/s", "range", "p50 ms",
             "p95 ms");
  for (const Trial& t : trials)
    fmt::print("{:>8} {:>8} {:>14.1f} {:>22} {:>10.3f} {:>10.3f}{}{}\n", t.setting.contexts, t.setting.threads,
               t.rate(), fmt::format("{:.1f} … {:.1f}", t.throughput.front(), t.throughput.back()), t.p50(), t.p95(),
               &t == &most ? "  most throughput" : "", &t == &soonest ? "  least latency" : "");
}

}  // namespace

std::vector<Setting> autopilot_settings(int cores) {
  const auto steps = [](int most) {  // 1, 2, 4, …, most
    std::set<int> values{most};
    for (int n = 1; n < most; n *= 2) values.insert(n);
    return values;
  };
  std::vector<Setting> settings;
  for (const int threads : steps(cores))
    for (const int contexts : steps(cores / threads)) settings.push_back({contexts, threads});
  return settings;
}

int autopilot(const ModelFlags& flags, const AutopilotOptions& options, const Outputs& files) {
  const std::vector<int> cores = own_cores(flags.threads);
  const std::vector<Setting> settings = autopilot_settings(static_cast<int>(cores.size()));
  std::set<int> threads;
  for (const Setting& s : settings) threads.insert(s.threads);
  Loaded loaded = load_tuned(flags, threads, files);
  if (!options.save_plan.empty()) loaded.plan.save(options.save_plan);

  // Settings with the same number of threads share contexts: each uses the first k of those that fit on the cores.
  std::map<int, std::vector<std::unique_ptr<Context>>> contexts;
  for (const int n : threads)
    for (std::size_t first = 0; first + static_cast<std::size_t>(n) <= cores.size();
         first += static_cast<std::size_t>(n)) {
      ContextOptions own;
      own.cores.assign(cores.begin() + static_cast<std::ptrdiff_t>(first),
                       cores.begin() + static_cast<std::ptrdiff_t>(first) + n);
      contexts[n].push_back(context_with_inputs(loaded, own, options.inputs));
    }
  std::vector<Trial> trials;
  for (const Setting& s : settings) {
    trials.push_back({s, {}, {}, {}});
    trials.back().engine = loaded.engine.get();
    for (int i = 0; i < s.contexts; ++i)
      trials.back().contexts.push_back(contexts.at(s.threads)[static_cast<std::size_t>(i)].get());
  }
  const double images = images_of(loaded, *trials[0].contexts[0]);
  for (int round = 0; round < kRounds; ++round)
    for (Trial& t : trials) t.take({round == 0 ? options.warmup_s : 0, options.duration_s / kRounds, 0}, images);
  for (Trial& t : trials) t.finish();
  const Trial& most = *std::max_element(trials.begin(), trials.end(),
                                        [](const Trial& a, const Trial& b) { return a.rate() < b.rate(); });
  const Trial& soonest =
      *std::min_element(trials.begin(), trials.end(), [](const Trial& a, const Trial& b) { return a.p50() < b.p50(); });

  nlohmann::json j;
  j["model"] = flags.model;
  j["device"] = flags.devices.empty() ? "cpu" : flags.devices.front();
  j["precision"] = to_string(parse_precision(flags));
  for (const auto& [name, dims] : loaded.shapes) j["shapes"][name] = dims;
  j["cores"] = cores;
  j["build_s"] = loaded.build_s;
  j["load_s"] = loaded.load_s;
  for (const Trial& t : trials) j["settings"].push_back(t.json());
  j["most_throughput"] = most.json();
  j["least_latency"] = soonest.json();
  if (options.json != "-") print(trials, most, soonest);
  write_json(j, options.json);
  return 0;
}

}  // namespace vireo::cli
