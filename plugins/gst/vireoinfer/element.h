#pragma once
// The instance of vireoinfer, shared by its files: element.cpp holds the element (states, properties, class), input.cpp
// and output.cpp what its pads do. `settings` and `flow` (the pointer) are guarded by the object lock.

#include <gst/gst.h>
#include <gst/video/video.h>

#include <atomic>
#include <memory>

#include "engine/api/error.h"
#include "plugins/gst/vireoinfer/flow.h"
#include "plugins/gst/vireoinfer/settings.h"

namespace vireo::gst {

/// C++ part of the instance.
struct InferState {
  InferSettings settings;
  std::shared_ptr<InferFlow> flow;
  GstSegment segment;                           ///< sink side, chain thread
  GstVideoInfo info;                            ///< sink side, chain thread
  bool live_known = false;                      ///< chain thread
  bool uri_known = false;                       ///< chain thread
  std::string uri;                              ///< of the picture, chain thread
  bool downstream_planes = false;               ///< downstream takes GstVideoMeta; object lock
  GstClockTime earliest = GST_CLOCK_TIME_NONE;  ///< running time before which frames are too late; object lock
  gdouble proportion = 1;                       ///< of the sink's last word on quality; object lock
  bool loaded = false;                          ///< a model is being loaded or in use; object lock
  bool failed = false;                          ///< an error was posted; output task
  std::atomic<bool> cancelled{false};           ///< loading is to end; until READY→NULL
};

}  // namespace vireo::gst

struct VireoInfer {
  GstElement parent;
  GstPad *sinkpad, *srcpad;
  vireo::gst::InferState* state;
};
struct VireoInferClass {
  GstElementClass parent_class;
};

namespace vireo::gst {

GST_DEBUG_CATEGORY_EXTERN(vireoinfer_debug);

inline VireoInfer* self_of(gpointer object) { return reinterpret_cast<VireoInfer*>(object); }
/// The flow while PAUSED or PLAYING, else null. Any thread.
[[nodiscard]] std::shared_ptr<InferFlow> flow_of(VireoInfer* self);
[[nodiscard]] InferSettings settings_of(VireoInfer* self);
/// The kind of GStreamer error and what the user can do, for an error of ours.
void post_error(VireoInfer* self, const InferSettings& settings, ErrorCode code, const char* message);

// Pads: input.cpp and output.cpp.
void add_sink_template(GstElementClass* element_class);
void add_src_template(GstElementClass* element_class);
void add_sink_pad(VireoInfer* self);
void add_src_pad(VireoInfer* self);
/// What a flush does to the stream and to the output's task; not the events themselves.
void flush(VireoInfer* self, InferFlow& flow, bool start);
/// Whether the sink has no more use for a frame of that running time, which is not to be inferred then; one that is
/// inferred is put out. Files lose no frame, however late the sink finds them: their results are wanted all the same.
[[nodiscard]] bool too_late(VireoInfer* self, const InferFlow& flow, GstClockTime running);
/// Posts a QoS message for each frame that was dropped since the last call, and a message where the stream is served
/// differently since then.
void report(VireoInfer* self, InferFlow& flow);

}  // namespace vireo::gst
