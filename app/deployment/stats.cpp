#include "app/deployment/stats.h"

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

}  // namespace

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
  std::string cut_short;
  for (const std::string& sentence : stats.cut_short)
    cut_short += (cut_short.empty() ? "\"" : ", \"") + escaped(sentence) + "\"";
  return "{\"model\": \"" + escaped(stats.model) + "\", " + text + ", \"cut_short\": [" + cut_short + "]}";
}

}  // namespace vireo::deployment
