#pragma once
// Builds a GStreamer pipeline from a PipelineConfig, runs it and watches it: errors come back as vireo::Error
// naming the element and what to do, files are finished properly however the run ends, and nothing waits for ever.
//
//   for each source:  source ─▶ convert ─▶ vireoinfer ─▶ vireopublish … ─▶ vireodraw ─▶ display and files
//
// All sources share one engine. One Pipeline runs once. run() blocks; stop() may be called from any thread and from a
// signal handler.

#include <atomic>
#include <functional>
#include <memory>

#include "app/deployment/config.h"
#include "app/deployment/stats.h"
#include "plugins/sdk/detection.h"

namespace vireo::deployment {

/// One frame as it leaves inference, for observers. Pointers are valid during the call.
struct FrameView {
  int source = 0;
  const sdk::FrameResult* result = nullptr;
  const sdk::FrameResult* truth = nullptr;  ///< from vireoscene; objects with score 0 are neither hit nor miss
  int age = 0;                              ///< frames since the result was inferred
};
/// Called from the sources' output threads, one frame of a source at a time.
using FrameObserver = std::function<void(const FrameView&)>;

class Pipeline {
 public:
  /// Throws Error when a source, sink or property is not accepted. Reads nothing and loads no model yet.
  explicit Pipeline(const PipelineConfig& config, FrameObserver observer = {});
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Plays until the sources end, max_frames have passed, stop() or an error, which is thrown as Error.
  RunStats run();
  /// Lets sources end now; files are finished and run() returns. Async-signal-safe.
  void stop() noexcept;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// GStreamer and Vireo's elements, ready for use; looks for the plugin next to the program first. Throws Error.
void load_elements();
/// True when a window can be opened; the sink's factory name, else empty.
[[nodiscard]] std::string find_display_sink();

}  // namespace vireo::deployment
