#include "app/deployment/stats.h"

#include <algorithm>
#include <cstdio>

namespace vireo::deployment {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += c;
    }
  }
  return out;
}

std::string list_of(const std::vector<std::string>& sentences) {
  std::string list;
  for (const std::string& sentence : sentences) list += (list.empty() ? "\"" : ", \"") + escaped(sentence) + "\"";
  return "[" + list + "]";
}

}  // namespace

std::string_view to_string(StreamState state) {
  static constexpr std::string_view kNames[] = {"starting", "connecting", "playing", "waiting",
                                                "ending",   "ended",      "failed"};
  return kNames[int(state)];
}

std::string_view to_string(OutputState state) {
  static constexpr std::string_view kNames[] = {"idle", "open", "ending", "waiting", "finished", "failed"};
  return kNames[int(state)];
}

RunStats sum_up(const Snapshot& snapshot) {
  RunStats stats;
  infer::LatencyHistogram latency;
  std::int64_t first = 0, last = 0;
  double busy = 0;
  const auto add = [&](const StreamSnapshot& stream) {
    ++stats.sources;
    stats.frames += stream.frames;
    stats.inferred += stream.inferred;
    stats.dropped += stream.dropped;
    stats.late += stream.late;
    stats.detections += stream.detections;
    stats.restarts += stream.restarts;
    latency.merge(stream.latency);
    if (stream.first_in_ns > 0) first = first == 0 ? stream.first_in_ns : std::min(first, stream.first_in_ns);
    last = std::max(last, stream.last_out_ns);
    busy = std::max(busy, stream.busy_s);  // of the engine they share
    stats.load_s = std::max(stats.load_s, stream.load_s);
    if (!stream.model.empty()) stats.model = stream.model;
    stats.cut_short.insert(stats.cut_short.end(), stream.cut_short.begin(), stream.cut_short.end());
    stats.streams.push_back(stream);
    if (!stream.problem.empty()) stats.failures.push_back("stream '" + stream.name + "': " + stream.problem);
    for (const OutputStatus& output : stream.outputs)
      if (output.state == OutputState::failed)
        stats.failures.push_back("stream '" + stream.name + "': sink " + output.problem);
  };
  for (const StreamSnapshot& stream : snapshot.streams) add(stream);
  for (const StreamSnapshot& stream : snapshot.removed) add(stream);
  stats.interrupted = snapshot.interrupted;
  stats.seconds = first > 0 ? double(std::max<std::int64_t>(0, last - first)) / 1e9 : 0;
  stats.fps = stats.seconds > 0 ? double(stats.frames) / stats.seconds : 0;
  stats.latency_p50_ms = latency.percentile_ms(0.5);
  stats.latency_p90_ms = latency.percentile_ms(0.9);
  stats.latency_p99_ms = latency.percentile_ms(0.99);
  stats.latency_max_ms = latency.max_ms();
  stats.engine_share = stats.seconds > 0 ? std::min(1.0, busy / stats.seconds) : 0;
  return stats;
}

std::string to_json(const StreamSnapshot& s) {
  const auto word = [](const char* name, std::string_view value) {
    return std::string("\"") + name + "\": \"" + escaped(std::string(value)) + "\"";
  };
  const auto count = [](const char* name, std::uint64_t value) {
    return std::string(", \"") + name + "\": " + std::to_string(value);
  };
  std::string outputs;
  for (const OutputStatus& o : s.outputs)
    outputs += (outputs.empty() ? "{" : ", {") + word("to", o.to) + ", " + word("state", to_string(o.state)) +
               count("frames", o.frames) + count("dropped", o.dropped) + ", " + word("problem", o.problem) + "}";
  char figures[192];
  std::snprintf(figures, sizeof figures,
                ", \"fps\": %.3f, \"latency_ms\": {\"p50\": %.4f, \"p90\": %.4f, \"p99\": %.4f, \"max\": %.4f}", s.fps,
                s.latency.percentile_ms(0.5), s.latency.percentile_ms(0.9), s.latency.percentile_ms(0.99),
                s.latency.max_ms());
  return "{" + word("name", s.name) + ", " + word("source", s.source) + ", " + word("state", to_string(s.state)) +
         ", " + word("problem", s.problem) + count("frames_in", s.frames_in) + count("frames", s.frames) +
         count("inferred", s.inferred) + count("smaller", s.smaller) + count("dropped", s.dropped) +
         count("late", s.late) + count("detections", s.detections) + count("restarts", s.restarts) + figures +
         ", \"overloaded\": " + (s.overloaded ? "true" : "false") + ", " + word("model", s.model) + ", \"sinks\": [" +
         outputs + "]}";
}

std::string to_line(const RunStats& stats) {
  char text[512];
  std::snprintf(
      text, sizeof text,
      "%llu frames in %.2f s, %.1f fps, %llu dropped; latency (capture to result) median %.1f ms, p90 %.1f ms, "
      "p99 %.1f ms; engine busy %.0f %% of the time; %llu detections%s",
      static_cast<unsigned long long>(stats.frames), stats.seconds, stats.fps,
      static_cast<unsigned long long>(stats.dropped + stats.late), stats.latency_p50_ms, stats.latency_p90_ms,
      stats.latency_p99_ms, stats.engine_share * 100, static_cast<unsigned long long>(stats.detections),
      stats.interrupted ? " (interrupted)" : "");
  return text;
}

std::string to_json(const RunStats& stats) {
  char text[768];
  std::snprintf(
      text, sizeof text,
      "\"sources\": %d, \"frames\": %llu, \"inferred\": %llu, \"dropped\": %llu, \"late\": %llu, "
      "\"detections\": %llu, \"seconds\": %.6f, \"fps\": %.4f, \"latency_ms\": {\"p50\": %.4f, \"p90\": %.4f, "
      "\"p99\": %.4f, \"max\": %.4f}, \"engine_share\": %.5f, \"load_s\": %.4f, \"interrupted\": %s",
      stats.sources, static_cast<unsigned long long>(stats.frames), static_cast<unsigned long long>(stats.inferred),
      static_cast<unsigned long long>(stats.dropped), static_cast<unsigned long long>(stats.late),
      static_cast<unsigned long long>(stats.detections), stats.seconds, stats.fps, stats.latency_p50_ms,
      stats.latency_p90_ms, stats.latency_p99_ms, stats.latency_max_ms, stats.engine_share, stats.load_s,
      stats.interrupted ? "true" : "false");
  std::string streams;
  for (const StreamSnapshot& stream : stats.streams) streams += (streams.empty() ? "" : ", ") + to_json(stream);
  return "{\"model\": \"" + escaped(stats.model) + "\", " + text + ", \"restarts\": " + std::to_string(stats.restarts) +
         ", \"cut_short\": " + list_of(stats.cut_short) + ", \"failures\": " + list_of(stats.failures) +
         ", \"streams\": [" + streams + "]}";
}

}  // namespace vireo::deployment
