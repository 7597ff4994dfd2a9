#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/cli/autopilot.h"
#include "app/cli/command.h"
#include "app/cli/measure.h"
#include "app/cli/trace.h"
#include "app/machine/energy.h"

namespace vireo::cli {
namespace {

struct BenchFlags {
  ModelFlags model;
  double duration_s = 3, warmup_s = 0.3, warmup_ms = -1;
  int contexts = 1, iterations = 0;
  int queued = 1;
  bool no_transfers = false, profile = false, serve = false, autopilot = false;
  std::string json, save_plan, inputs, trace;
  std::string percentiles = "90,95,99";
};

/// The peak of this program alone: that of getrusage may be its parent's, from before the program replaced it.
std::uint64_t peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

/// Line protocol for comparisons with other engines: "run N" answers N latencies in milliseconds, "quit" ends.
int serve(Loaded& loaded, const std::string& inputs) {
  auto context = context_with_inputs(loaded, {}, inputs);
  check(context->run());
  std::cout << nlohmann::json{{"ready", true}, {"load_s", loaded.load_s}, {"build_s", loaded.build_s}} << std::endl;
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    if (line == "rss") {
      std::cout << nlohmann::json{{"peak_rss_bytes", peak_rss_bytes()}} << std::endl;
      continue;
    }
    const int count = line.rfind("run ", 0) == 0 ? std::atoi(line.c_str() + 4) : 0;
    if (count <= 0) {
      std::cout << nlohmann::json{{"error", "expected 'run N' or 'quit'"}} << std::endl;
      continue;
    }
    nlohmann::json times = nlohmann::json::array();
    for (int i = 0; i < count; ++i) {
      const auto start = Clock::now();
      check(context->run());
      times.push_back(seconds_since(start) * 1e3);
    }
    std::cout << times << std::endl;
  }
  return 0;
}

void print_profile(std::vector<LayerTime> times, nlohmann::json& json) {
  double total = 0;
  for (const LayerTime& t : times) total += t.seconds;
  std::stable_sort(times.begin(), times.end(),
                   [](const LayerTime& a, const LayerTime& b) { return a.seconds > b.seconds; });
  fmt::print("\n{:>9} {:>6} {:>9} {:>8}  {:<16} {:<32} {}\n", "ms", "%", "GFLOP/s", "GB/s", "operator", "tactic",
             "layer");
  for (const LayerTime& t : times) {
    json["layers"].push_back({{"layer", t.layer},
                              {"op", t.op},
                              {"tactic", t.tactic},
                              {"ms", t.seconds * 1e3},
                              {"flops", t.flops},
                              {"bytes", t.bytes}});
    fmt::print("{:9.4f} {:6.2f} {:9.1f} {:8.2f}  {:<16} {:<32} {}\n", t.seconds * 1e3, 100 * t.seconds / total,
               t.seconds > 0 ? t.flops / t.seconds / 1e9 : 0, t.seconds > 0 ? t.bytes / t.seconds / 1e9 : 0, t.op,
               t.tactic, t.layer);
  }
}

/// "90,99.9" → 0.9, 0.999 under their names. Throws UsageError.
std::vector<std::pair<std::string, double>> percentiles_of(const std::string& text) {
  std::vector<std::pair<std::string, double>> found;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    double value = -1;
    const auto read = std::from_chars(text.data() + at, text.data() + end, value);
    if (read.ec != std::errc() || read.ptr != text.data() + end || !(value >= 0 && value <= 100))
      throw UsageError(fmt::format("--percentile '{}': numbers from 0 to 100 are accepted, such as 90,99.9", text));
    found.emplace_back(text.substr(at, end - at), value / 100);
    at = end + 1;
  }
  return found;
}

/// Some more inferences, with the times of what the device does; the measurement before is free of that.
void write_trace(const BenchFlags& f, Loaded& loaded, const std::vector<Context*>& contexts, nlohmann::json& results) {
  constexpr int kInferences = 48;  // of each context
  const int queued = f.queued > 1 ? f.queued : 4;
  const auto traces = drive_traced(*loaded.engine, contexts, std::max(2, kInferences / queued), queued);
  const Overlap overlap = overlap_of(traces);
  std::vector<double> enqueue_us;
  std::size_t pieces = 0;
  for (const ContextTrace& trace : traces) {
    pieces += trace.device.size();
    for (const ContextTrace::Call& call : trace.host)
      if (call.name == "enqueue") enqueue_us.push_back((call.ended - call.begun) * 1e6);
  }
  std::sort(enqueue_us.begin(), enqueue_us.end());
  const nlohmann::json about = {{"model", results["model"]},
                                {"device", results["device"]},
                                {"precision", results["precision"]},
                                {"contexts", results["contexts"]},
                                {"queued", queued},
                                {"inferences", enqueue_us.size()},
                                {"transfers_ms", overlap.transfers_s * 1e3},
                                {"beside_kernels_ms", overlap.beside_s * 1e3},
                                {"overlap", overlap.share()},
                                {"enqueue_us", percentile(enqueue_us, 0.5)}};
  results["trace"] = about;
  nlohmann::json events = trace_events(traces, loaded.device);
  if (pieces == 0) {
    ContextOptions profiled;
    profiled.profile = true;
    add_layers(events, *context_with_inputs(loaded, profiled, f.inputs), 4);
  }
  write_json({{"traceEvents", events}, {"displayTimeUnit", "ms"}, {"otherData", about}}, f.trace);
  if (f.json == "-") return;
  if (pieces == 0) {
    fmt::print(
        "  trace        the host's calls only: queues of {} tell no times; behind them the layers of profiled runs\n",
        loaded.device);
    return;
  }
  fmt::print(
      "  trace        {} inferences: copies took {:.3f} ms, {:.1f} % of that beside another context's kernels; "
      "enqueueing one {:.1f} µs\n",
      enqueue_us.size(), overlap.transfers_s * 1e3, overlap.share() * 100, percentile(enqueue_us, 0.5));
}

/// What the machine's counters tell of warm-up and measurement together, which do the same work; everything that ran on
/// the machine is in it.
void add_power(const std::vector<machine::EnergyUse>& energy, double total_s, double inference_s,
               nlohmann::json& json) {
  json["power"] = nlohmann::json::array();
  for (const machine::EnergyUse& use : energy) {
    const double watts = use.joules / total_s;
    json["power"].push_back({{"counter", use.name}, {"watts", watts}, {"joules_per_inference", watts * inference_s}});
  }
}

int bench(const BenchFlags& f) {
  (void)percentiles_of(f.percentiles);
  const double warmup_s = f.warmup_ms >= 0 ? f.warmup_ms / 1e3 : f.warmup_s;
  Outputs files = files_of(f.model);
  if (!f.inputs.empty())
    for (const std::filesystem::path& file : input_files(f.inputs)) files.read("the input", file);
  files.write("--json", f.json);
  files.write("--trace", f.trace);
  files.write("--saveEngine", f.save_plan, OutputKind::replaced);
  if (f.autopilot) return autopilot(f.model, {f.duration_s, warmup_s, f.json, f.save_plan, f.inputs}, files);
  Loaded loaded = load_model(f.model, files);
  if (!f.save_plan.empty()) loaded.plan.save(f.save_plan);
  if (f.serve) return serve(loaded, f.inputs);
  ContextOptions options;
  options.profile = f.profile;
  // Several contexts share the cores: each gets its part, at least one.
  if (f.contexts > 1) options.threads = std::max(1, loaded.engine->threads() / f.contexts);
  std::vector<std::unique_ptr<Context>> contexts;
  for (int i = 0; i < f.contexts; ++i)
    contexts.push_back(context_with_inputs(loaded, options, f.inputs, f.no_transfers));
  std::vector<Context*> borrowed;
  for (const auto& context : contexts) borrowed.push_back(context.get());
  machine::EnergyMeter meter;
  meter.begin();
  const auto start = Clock::now();
  const auto all = drive(*loaded.engine, borrowed, {warmup_s, f.duration_s, f.iterations, f.queued});
  const double total = seconds_since(start), elapsed = total - warmup_s;
  const std::vector<machine::EnergyUse> energy = meter.used();
  std::vector<double> times, enqueue_us;
  for (const Times& part : all) {
    times.insert(times.end(), part.ms.begin(), part.ms.end());
    enqueue_us.insert(enqueue_us.end(), part.enqueue_us.begin(), part.enqueue_us.end());
  }
  std::sort(times.begin(), times.end());
  std::sort(enqueue_us.begin(), enqueue_us.end());
  const double mean = std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  const double batch = images_of(loaded, *contexts[0]);
  nlohmann::json j;
  j["model"] = f.model.model;
  j["device"] = f.model.devices.empty() ? "cpu" : f.model.devices.front();
  j["precision"] = to_string(parse_precision(f.model));
  for (const auto& [name, dims] : loaded.shapes) j["shapes"][name] = dims;
  j["threads"] = options.threads ? options.threads : loaded.engine->threads();
  j["contexts"] = f.contexts;
  j["build_s"] = loaded.build_s;
  j["load_s"] = loaded.load_s;
  j["plan_bytes"] = loaded.plan.bytes();
  j["arena_bytes"] = contexts[0]->arena_bytes();
  j["peak_rss_bytes"] = peak_rss_bytes();
  j["latency_ms"] = {{"min", times.front()}, {"mean", mean}, {"median", percentile(times, 0.5)}, {"max", times.back()}};
  std::string shown;
  for (const auto& [name, p] : percentiles_of(f.percentiles)) {
    j["latency_ms"]["p" + name] = percentile(times, p);
    shown += fmt::format("  p{} {:.3f}", name, percentile(times, p));
  }
  const std::size_t inferences = times.size() * static_cast<std::size_t>(std::max(1, f.queued));
  j["inferences"] = inferences;
  j["throughput_per_s"] = static_cast<double>(inferences) * batch / elapsed;
  if (f.queued > 1) j["queued"] = f.queued;
  if (!enqueue_us.empty()) j["enqueue_us"] = percentile(enqueue_us, 0.5);
  add_power(energy, total, elapsed / static_cast<double>(inferences), j);
  const auto& l = j["latency_ms"];
  if (f.json != "-") {
    fmt::print("{}: {} inferences, {} context{} of {} thread{}\n", f.model.model, inferences, f.contexts,
               f.contexts == 1 ? "" : "s", j["threads"].get<int>(), j["threads"].get<int>() == 1 ? "" : "s");
    fmt::print("  latency ms   min {:.3f}  mean {:.3f}  median {:.3f}{}  max {:.3f}\n", l["min"].get<double>(), mean,
               l["median"].get<double>(), shown, l["max"].get<double>());
    if (!enqueue_us.empty())
      fmt::print("  {} queued at a time: an inference's part; enqueueing one takes the host {:.1f} µs\n", f.queued,
                 percentile(enqueue_us, 0.5));
    fmt::print("  throughput   {:.1f}/s\n", j["throughput_per_s"].get<double>());
    for (const auto& p : j["power"])
      fmt::print("  power        {} {:.1f} W, {:.3f} J an inference\n", p["counter"].get<std::string>(),
                 p["watts"].get<double>(), p["joules_per_inference"].get<double>());
    fmt::print("  build {:.2f} s, load {:.3f} s, arena {:.1f} MB, peak memory {:.0f} MB\n", loaded.build_s,
               loaded.load_s, static_cast<double>(j["arena_bytes"].get<std::uint64_t>()) / 1e6,
               static_cast<double>(peak_rss_bytes()) / 1e6);
    if (f.profile) print_profile(contexts[0]->profile(), j);
  } else if (f.profile) {
    for (const LayerTime& t : contexts[0]->profile())
      j["layers"].push_back({{"layer", t.layer},
                             {"op", t.op},
                             {"tactic", t.tactic},
                             {"ms", t.seconds * 1e3},
                             {"flops", t.flops},
                             {"bytes", t.bytes}});
  }
  if (!f.trace.empty()) write_trace(f, loaded, borrowed, j);
  write_json(j, f.json);
  return 0;
}

}  // namespace

void add_bench(Program& program) {
  Command c = program.add("bench", "measure latency and throughput of a model or plan");
  auto f = std::make_shared<BenchFlags>();
  add_model_flags(c, f->model);
  c.option("--duration", f->duration_s, "seconds to measure").show_default().positive();
  c.option("--warmup", f->warmup_s, "seconds to run before measuring").show_default().not_negative();
  c.option("--warmUp", f->warmup_ms, "the same in milliseconds");
  const Flag iterations = c.option("--iterations", f->iterations, "exactly so many inferences instead of a duration");
  const Flag contexts =
      c.option("--contexts,--streams", f->contexts, "inferences in flight at once").show_default().between(1, 256);
  c.option(
       "--queued", f->queued,
       "inferences to enqueue before waiting: latencies are each one's part of the time, without the host's waiting")
      .show_default()
      .between(1, 1000);
  c.flag("--no-transfers,--noDataTransfers", f->no_transfers,
         "inputs and outputs stay in the device's memory: nothing is copied in a run");
  const Flag profile = c.flag("--profile,--dumpProfile", f->profile, "time of each layer");
  c.option("--percentile", f->percentiles, "which percentiles of the latency to tell").show_default();
  c.option("--json", f->json, "write the results to this file; - for stdout");
  Flag trace = c.option("--trace", f->trace,
                        "then run some more and write what ran when, copies and kernels of each context and the "
                        "host's calls, to this file, for chrome://tracing or Perfetto");
  c.option("--saveEngine", f->save_plan, "also write the plan");
  c.option("--inputs", f->inputs, "folder with input_0.pb, … (ONNX TensorProto) in graph order, instead of noise");
  const Flag serve =
      c.flag("--serve", f->serve, "answer 'run N' lines on stdin with latencies (for interleaved comparisons)");
  c.flag("--autopilot", f->autopilot,
         "find how many contexts of how many threads serve best: each tried on cores of its own for --duration, in "
         "interleaved turns; a table and the best for throughput and for latency")
      .excludes(iterations)
      .excludes(contexts)
      .excludes(profile)
      .excludes(trace)
      .excludes(serve);
  trace.excludes(profile).excludes(serve);
  c.run([f] { return bench(*f); });
}

}  // namespace vireo::cli
