#pragma once
// The instance of vireoinfer, shared by its two files: vireoinfer.cpp holds the element (states, properties, class),
// infer_pads.cpp what its pads do. `settings` and `flow` (the pointer) are guarded by the object lock.

#include <gst/gst.h>
#include <gst/video/video.h>

#include <memory>

#include "engine/api/error.h"
#include "plugins/gst/infer_flow.h"
#include "plugins/gst/infer_settings.h"

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

/// Makes the pads with their functions. (infer_pads.cpp)
void add_infer_pads(VireoInfer* self);
void add_infer_pad_templates(GstElementClass* element_class);

}  // namespace vireo::gst
