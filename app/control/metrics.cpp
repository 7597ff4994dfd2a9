#include "app/control/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <deque>
#include <limits>
#include <map>

#include "app/control/process.h"
#include "app/deployment/address.h"

namespace vireo::control {
namespace {

using deployment::OutputState;
using deployment::StreamSnapshot;
using deployment::StreamState;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::vector<ClientMetric::Label>;

constexpr double kBucketsMs[] = {1, 2, 5, 10, 20, 33, 50, 75, 100, 150, 200, 350, 500, 1000, 2000, 5000, 10000};

class Families {
 public:
  MetricFamily& add(const char* name, const char* help, MetricType type) {
    all_.push_back({name, help, type, {}});
    return all_.back();
  }
  void count(const char* name, const char* help, double value) { set(add(name, help, MetricType::Counter), {}, value); }
  void gauge(const char* name, const char* help, double value) { set(add(name, help, MetricType::Gauge), {}, value); }
  static void set(MetricFamily& family, Labels labels, double value) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }
  [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize({all_.begin(), all_.end()}); }

 private:
  std::deque<MetricFamily> all_;  ///< whose families stay where they are
};

ClientMetric::Histogram histogram_of(const infer::LatencyHistogram& latency) {
  ClientMetric::Histogram histogram;
  histogram.sample_count = latency.count();
  histogram.sample_sum = latency.mean_ms() * double(latency.count()) / 1e3;
  for (const double ms : kBucketsMs) histogram.bucket.push_back({latency.count_up_to(ms), ms / 1e3});
  histogram.bucket.push_back({latency.count(), std::numeric_limits<double>::infinity()});
  return histogram;
}

struct Figure {
  const char *name, *help;
  MetricType type;
  double (*value)(const StreamSnapshot&);
};

constexpr Figure kFigures[] = {
    {"vireo_frames_in_total", "Frames that came from the source.", MetricType::Counter,
     [](const StreamSnapshot& s) { return double(s.frames_in); }},
    {"vireo_frames_out_total", "Frames that left inference.", MetricType::Counter,
     [](const StreamSnapshot& s) { return double(s.frames); }},
    {"vireo_inferences_total", "Frames that were inferred themselves.", MetricType::Counter,
     [](const StreamSnapshot& s) { return double(s.inferred); }},
    {"vireo_detections_total", "Objects that were found.", MetricType::Counter,
     [](const StreamSnapshot& s) { return double(s.detections); }},
    {"vireo_input_restarts_total", "Times that the source was opened anew.", MetricType::Counter,
     [](const StreamSnapshot& s) { return double(s.restarts); }},
    {"vireo_fps", "Frames in a second, over the stream's life.", MetricType::Gauge,
     [](const StreamSnapshot& s) { return s.fps; }},
    {"vireo_engine_busy_seconds_total", "Time in which the engine of its model worked; streams of a model share one.",
     MetricType::Counter, [](const StreamSnapshot& s) { return s.busy_s; }},
};

void add_figures(Families& families, const deployment::Snapshot& snapshot) {
  for (const Figure& figure : kFigures) {
    MetricFamily& family = families.add(figure.name, figure.help, figure.type);
    for (const StreamSnapshot& stream : snapshot.streams)
      Families::set(family, {{"stream", stream.name}}, figure.value(stream));
  }
  MetricFamily& dropped = families.add(
      "vireo_frames_dropped_total",
      "Frames without a result of their own: queue_full found no room before inference, newer gave way to a "
      "newer one there, late came too late for the display.",
      MetricType::Counter);
  for (const StreamSnapshot& stream : snapshot.streams) {
    const auto set = [&](const char* reason, std::uint64_t frames) {
      Families::set(dropped, {{"stream", stream.name}, {"reason", reason}}, double(frames));
    };
    set("queue_full", stream.dropped_in);
    set("newer", stream.dropped - stream.dropped_in);
    set("late", stream.late);
  }
  MetricFamily& latency = families.add("vireo_latency_seconds", "From capture to result.", MetricType::Histogram);
  for (const StreamSnapshot& stream : snapshot.streams) {
    ClientMetric& metric = latency.metric.emplace_back();
    metric.label = {{"stream", stream.name}};
    metric.histogram = histogram_of(stream.latency);
  }
}

void add_states(Families& families, const deployment::Snapshot& snapshot, std::int64_t now_ns) {
  MetricFamily& states =
      families.add("vireo_stream_state", "1 for the state that the stream is in.", MetricType::Gauge);
  for (const StreamSnapshot& stream : snapshot.streams)
    for (int i = 0; i <= int(StreamState::failed); ++i)
      Families::set(states, {{"stream", stream.name}, {"state", std::string(to_string(StreamState(i)))}},
                    int(stream.state) == i);
  MetricFamily& age = families.add("vireo_last_frame_age_seconds", "Since a frame left inference; none did: absent.",
                                   MetricType::Gauge);
  for (const StreamSnapshot& stream : snapshot.streams)
    if (stream.last_out_ns > 0)
      Families::set(age, {{"stream", stream.name}}, double(now_ns - stream.last_out_ns) / 1e9);
}

void add_sinks(Families& families, const deployment::Snapshot& snapshot) {
  MetricFamily& frames = families.add("vireo_sink_frames_total", "Frames that the sink took.", MetricType::Counter);
  MetricFamily& dropped =
      families.add("vireo_sink_frames_dropped_total", "Frames that the sink could not take.", MetricType::Counter);
  MetricFamily& states = families.add("vireo_sink_state", "1 for the state that the sink is in.", MetricType::Gauge);
  for (const StreamSnapshot& stream : snapshot.streams) {
    std::map<std::string, int>
        known;  // two that differ in what is never told: one series twice is an error for readers
    for (const deployment::OutputStatus& sink : stream.outputs) {
      std::string shown = deployment::safe_address(sink.to);
      if (const int before = known[shown]++; before > 0) shown += " #" + std::to_string(before + 1);
      const Labels labels = {{"stream", stream.name}, {"sink", shown}};
      Families::set(frames, labels, double(sink.frames));
      Families::set(dropped, labels, double(sink.dropped));
      for (int i = 0; i <= int(OutputState::failed); ++i) {
        Labels with = labels;
        with.push_back({"state", std::string(to_string(OutputState(i)))});
        Families::set(states, with, int(sink.state) == i);
      }
    }
  }
}

void add_process(Families& families) {
  const ProcessFigures process = process_figures();
  families.count("process_cpu_seconds_total", "Processor time.", process.cpu_s);
  families.gauge("process_resident_memory_bytes", "Memory that is in use.", double(process.resident_bytes));
  families.gauge("process_virtual_memory_bytes", "Memory that is mapped.", double(process.virtual_bytes));
  families.gauge("process_start_time_seconds", "Since 1970.", process.start_s);
  families.gauge("process_threads", "Threads.", double(process.threads));
  families.gauge("process_open_fds", "Open files and connections.", double(process.open_files));
  families.gauge("process_max_fds", "As many are possible.", double(process.most_files));
}

}  // namespace

std::string metrics_text(const deployment::Snapshot& snapshot, std::int64_t now_ns) {
  Families families;
  MetricFamily& build = families.add("vireo_build_info", "1, with the version.", MetricType::Gauge);
  Families::set(build, {{"version", VIREO_VERSION}}, 1);
  families.gauge("vireo_streams", "Streams of the deployment.", double(snapshot.streams.size()));
  add_figures(families, snapshot);
  add_states(families, snapshot, now_ns);
  add_sinks(families, snapshot);
  add_process(families);
  return families.text();
}

}  // namespace vireo::control
