#pragma once
// What a deployment does, in figures and words: read while it runs and at its end. Plain values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/deployment/output.h"
#include "plugins/infer/latency.h"

namespace vireo::deployment {

enum class StreamState {
  starting,    ///< the model is being loaded
  connecting,  ///< the source is being opened
  playing,
  waiting,  ///< the source is away; it is tried again
  ending,   ///< files are being finished
  ended,
  failed
};
[[nodiscard]] std::string_view to_string(StreamState state);
[[nodiscard]] std::string_view to_string(OutputState state);

struct StreamSnapshot {
  std::string name, source;  ///< the address, without its secrets
  StreamState state = StreamState::starting;
  std::string problem;         ///< what is wrong now, or ended it; "" while all is well
  std::string doing;           ///< while it starts: what the model's loading is at
  std::string model;           ///< model, input, decoder and why, as vireoinfer says it
  std::uint64_t restarts = 0;  ///< times that the source was opened anew
  std::uint64_t frames_in = 0;
  std::uint64_t frames = 0;      ///< that came out of inference
  std::uint64_t inferred = 0;    ///< with their own result
  std::uint64_t smaller = 0;     ///< of the inferred ones, by the smaller network
  bool overloaded = false;       ///< a stage's frames come faster than its network takes them
  std::uint64_t dropped = 0;     ///< a newer frame took their place
  std::uint64_t dropped_in = 0;  ///< of these, those that found no room before the first stage
  std::uint64_t late = 0;        ///< skipped because they came too late for the display
  std::uint64_t detections = 0;
  std::int64_t first_in_ns = 0, last_out_ns = 0;  ///< of the steady clock; 0: none yet
  std::int64_t alive_ns = 0;                      ///< the last turn of the thread that looks after it
  double fps = 0;
  infer::LatencyHistogram latency;  ///< capture → result
  double busy_s = 0, load_s = 0;    ///< of the engine that its model has
  bool interrupted = false;         ///< ended by stop(), not by its source
  std::vector<std::string> cut_short;
  std::vector<OutputStatus> outputs;
};

struct Snapshot {
  std::vector<StreamSnapshot> streams;
  std::vector<StreamSnapshot> removed;  ///< that an apply() ended
  bool interrupted = false;
};

struct RunStats {
  std::string model;
  int sources = 0;
  std::uint64_t frames = 0, inferred = 0, dropped = 0, late = 0, detections = 0, restarts = 0;
  double seconds = 0;  ///< from the first frame in to the last frame out
  double fps = 0;      ///< frames / seconds
  double latency_p50_ms = 0, latency_p90_ms = 0, latency_p99_ms = 0, latency_max_ms = 0;  ///< capture → result
  double engine_share = 0;   ///< part of `seconds` in which the engine was at work
  double load_s = 0;         ///< building or loading the engine
  bool interrupted = false;  ///< ended by stop(), not by the sources
  /// One sentence for each file that ended before its time (cut off or damaged). All frames before count as usual.
  std::vector<std::string> cut_short;
  /// One sentence for each stream and sink that failed, or was down at the end.
  std::vector<std::string> failures;
  std::vector<StreamSnapshot> streams;
};

[[nodiscard]] RunStats sum_up(const Snapshot& snapshot);

/// "300 frames in 9.8 s, 30.6 fps, 0 dropped, …"
[[nodiscard]] std::string to_line(const RunStats& stats);
[[nodiscard]] std::string to_json(const RunStats& stats);
[[nodiscard]] std::string to_json(const StreamSnapshot& stream);

}  // namespace vireo::deployment
