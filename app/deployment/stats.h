#pragma once
// The summary of a run, and how it is printed.

#include <cstdint>
#include <string>
#include <vector>

namespace vireo::deployment {

struct RunStats {
  std::string model;  ///< model, input, decoder and why, as vireoinfer says it
  int sources = 0;
  std::uint64_t frames = 0;    ///< that came out of inference
  std::uint64_t inferred = 0;  ///< with their own result
  std::uint64_t dropped = 0;   ///< a newer frame took their place
  std::uint64_t late = 0;      ///< skipped because they came too late for the display
  std::uint64_t detections = 0;
  double seconds = 0;  ///< from the first frame in to the last frame out
  double fps = 0;      ///< frames / seconds
  double latency_p50_ms = 0, latency_p90_ms = 0, latency_p99_ms = 0, latency_max_ms = 0;  ///< capture → result
  double engine_share = 0;   ///< part of `seconds` in which the engine was at work
  double load_s = 0;         ///< building or loading the engine
  bool interrupted = false;  ///< ended by stop(), not by the sources
  /// One sentence for each file that ended before its time (cut off or damaged). All frames before count as usual.
  std::vector<std::string> cut_short;
};

/// "300 frames in 9.8 s, 30.6 fps, 0 dropped, …"
[[nodiscard]] std::string to_line(const RunStats& stats);
[[nodiscard]] std::string to_json(const RunStats& stats);

}  // namespace vireo::deployment
