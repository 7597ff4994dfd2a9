#pragma once
// The pipeline of a stream between its gate and its outputs. Made whole or not at all: the constructor throws what is
// wrong with the configuration. Used by stream.cpp.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/deployment/frame_gate.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/stats.h"
#include "config/settings.h"

namespace vireo::deployment {

struct BodyEvents {
  std::function<void(GstBuffer*)> inferred;  ///< a frame leaves the last stage
  std::function<void(GstSample*)> finished;  ///< a frame leaves the pipeline, drawn if it is drawn
  std::function<void()> ended;               ///< behind the last frame
};

struct BodyOptions {
  bool live = false;
  bool draw = false, show_stats = false;  ///< results, and figures, into the pictures
  bool every_frame = false;               ///< none is skipped for being late
};

class StreamBody {
 public:
  StreamBody(const config::StreamConfig& config, const BodyOptions& options, BodyEvents events);
  ~StreamBody();
  StreamBody(const StreamBody&) = delete;
  StreamBody& operator=(const StreamBody&) = delete;

  /// Loads the models. Throws Error.
  void play();
  /// Ends play() soon, from another thread, where it still loads. Later it does nothing.
  void cancel_load();
  [[nodiscard]] FrameGate& gate() { return *gate_; }
  [[nodiscard]] const FrameGate& gate() const { return *gate_; }
  [[nodiscard]] GstElement* pipeline() const { return pipeline_.get(); }
  /// Takes the event: how late a display is.
  void send_upstream(GstEvent* event);
  /// The clock's time on the stream's timeline.
  [[nodiscard]] GstClockTime running_time() const;
  /// Adds what the elements have counted.
  void add_figures(StreamSnapshot& figures) const;

  /// Sets what differs. Throws Error and changes nothing where a value is not accepted; false where a difference can't
  /// be set while playing.
  [[nodiscard]] bool change(const config::StreamConfig& from, const config::StreamConfig& to);

 private:
  [[nodiscard]] GstElement* add_stages(const config::StreamConfig& config, const BodyOptions& options,
                                       GstElement* tail);
  void add_end(GstElement* tail);

  static GstBusSyncReply heard(GstBus* bus, GstMessage* message, gpointer self);

  BodyEvents events_;
  mutable std::mutex doing_mutex_;
  std::string doing_;                ///< what loading is at, in the elements' words
  std::vector<GstElement*> stages_;  ///< borrowed from the pipeline
  GstElement *draw_ = nullptr, *end_ = nullptr;
  std::unique_ptr<FrameGate> gate_;
  OwnedPipeline pipeline_;  ///< goes first
};

}  // namespace vireo::deployment
