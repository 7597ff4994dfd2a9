// vireopublish: hands the results that travel with the frames to a publisher and lets the frames pass untouched.

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/api/error.h"
#include "plugins/gst/element_messages.h"
#include "plugins/gst/elements.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/gst/picture_name.h"
#include "plugins/publish/publishers.h"

GST_DEBUG_CATEGORY_STATIC(vireopublish_debug);
#define GST_CAT_DEFAULT vireopublish_debug

namespace {

using namespace vireo;

/// A publisher that several elements (streams) of the process may share: one file, one connection for each address.
class SharedPublisher {
 public:
  /// `again`: what is there already was written by the same element, and stays.
  static std::shared_ptr<SharedPublisher> open(const std::string& address, const std::string& options, bool again) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<SharedPublisher>> opened;
    std::lock_guard lock(mutex);
    auto& known = opened[address + "|" + options];
    auto shared = known.lock();
    if (!shared) {
      sdk::Params params = sdk::Params::parse(options);
      if (again && takes_append(address)) params.set("append", "true");
      shared = std::make_shared<SharedPublisher>(publish::create_publisher(address, params));
      known = shared;
    }
    return shared;
  }
  explicit SharedPublisher(std::unique_ptr<sdk::Publisher> publisher) : publisher_(std::move(publisher)) {}
  void publish(const sdk::FrameResult& result) {
    std::lock_guard lock(mutex_);
    publisher_->publish(result);
  }
  void flush() {
    std::lock_guard lock(mutex_);
    publisher_->flush();
  }

 private:
  static bool takes_append(const std::string& address) {
    for (const sdk::PublisherRow& row : publish::publishers()) {
      if (!address.starts_with(std::string(row.scheme) + ":")) continue;
      return std::any_of(row.params.begin(), row.params.end(),
                         [](const auto& param) { return param.name == "append"; });
    }
    return false;
  }

  std::mutex mutex_;
  std::unique_ptr<sdk::Publisher> publisher_;
};

/// `to`, `options`, `repeat` are guarded by the object lock.
struct State {
  std::string to, options;
  bool repeat = false;
  std::shared_ptr<SharedPublisher> publisher;
  std::string written;  ///< where this element has written before
  GstVideoInfo info;
  std::uint64_t frames = 0, published = 0, lost = 0;
  bool running = false;  ///< a publisher is open; object lock
  bool told = false;     ///< of results that don't get here
  std::chrono::steady_clock::time_point warned;
};

enum Property : guint { kTo = 1, kOptions, kRepeat, kPublished, kLost };

}  // namespace

struct VireoPublish {
  GstBaseTransform parent;
  State* state;
};
struct VireoPublishClass {
  GstBaseTransformClass parent_class;
};
G_DEFINE_TYPE(VireoPublish, vireo_publish, GST_TYPE_BASE_TRANSFORM)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-raw(ANY)"));
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-raw(ANY)"));

VireoPublish* self_of(gpointer object) { return reinterpret_cast<VireoPublish*>(object); }

void set_running(VireoPublish* self, bool running) {
  GST_OBJECT_LOCK(self);
  self->state->running = running;
  GST_OBJECT_UNLOCK(self);
}

gboolean start(GstBaseTransform* base) {
  VireoPublish* self = self_of(base);
  GST_OBJECT_LOCK(self);
  const std::string to = self->state->to, options = self->state->options;
  GST_OBJECT_UNLOCK(self);
  if (to.empty()) {
    GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("No target is set."),
                      ("set to=jsonl:FILE or to=- for standard output"));
    return FALSE;
  }
  try {
    const bool again = self->state->written == to;
    self->state->publisher = SharedPublisher::open(to == "-" ? "jsonl:-" : to, options, again);
    self->state->written = to;
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, RESOURCE, OPEN_WRITE, ("%s", error.what()),
                      ("to=%s; 'vireo list publishers' shows what there is", to.c_str()));
    return FALSE;
  }
  gst_video_info_init(&self->state->info);
  self->state->frames = self->state->published = self->state->lost = 0;
  self->state->told = false;
  set_running(self, true);
  return TRUE;
}

gboolean stop(GstBaseTransform* base) {
  self_of(base)->state->publisher.reset();
  set_running(self_of(base), false);
  return TRUE;
}

gboolean set_caps(GstBaseTransform* base, GstCaps* caps, GstCaps*) {
  return gst_video_info_from_caps(&self_of(base)->state->info, caps);
}

/// What the regions of other elements say.
sdk::FrameResult result_of_regions(VireoPublish* self, GstBuffer* buffer, std::uint64_t index) {
  const State& state = *self->state;
  sdk::FrameResult result;
  result.detections = gst::read_regions(buffer);
  result.frame_index = index;
  const GstSegment& segment = GST_BASE_TRANSFORM(self)->segment;
  if (segment.format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(buffer)) {
    const GstClockTime time = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    result.pts_ns = GST_CLOCK_TIME_IS_VALID(time) ? std::int64_t(time) : -1;
  }
  if (const std::string* name = gst::find_picture_name(buffer)) result.uri = *name;
  result.width = GST_VIDEO_INFO_WIDTH(&state.info);
  result.height = GST_VIDEO_INFO_HEIGHT(&state.info);
  return result;
}

/// The frame's own result, or one made from the regions of other elements.
void publish_frame(VireoPublish* self, GstBuffer* buffer, bool repeat) {
  State& state = *self->state;
  const std::uint64_t index = state.frames++;
  std::string lost;
  const gst::NotePointer note =
      gst::read_note(buffer, gst::NoteKind::result, GST_BASE_TRANSFORM_SINK_PAD(self),
                     GST_VIDEO_INFO_WIDTH(&state.info), GST_VIDEO_INFO_HEIGHT(&state.info), &lost);
  if (note) {
    if (note->age > 0 && !repeat) return;
    state.publisher->publish(note->result);
    ++state.published;
    return;
  }
  gst::warn_of_lost_results(GST_ELEMENT(self), lost, state.told);
  const sdk::FrameResult result = result_of_regions(self, buffer, index);
  if (result.detections.empty()) return;
  state.publisher->publish(result);
  ++state.published;
}

/// A result that could not be written is lost; the video is not stopped for it, and the next one is tried again.
void count_lost(VireoPublish* self, const char* why) {
  constexpr std::chrono::seconds kBetweenWarnings{10};
  State& state = *self->state;
  const auto now = std::chrono::steady_clock::now();
  if (state.lost++ > 0 && now - state.warned < kBetweenWarnings) return;
  state.warned = now;
  GST_ELEMENT_WARNING(self, RESOURCE, WRITE, ("%s", why),
                      ("results are lost, %" G_GUINT64_FORMAT
                       " so far; the video goes on; check that the target can be written and has room",
                       guint64(state.lost)));
}

GstFlowReturn transform_ip(GstBaseTransform* base, GstBuffer* buffer) {
  VireoPublish* self = self_of(base);
  GST_OBJECT_LOCK(self);
  const bool repeat = self->state->repeat;
  GST_OBJECT_UNLOCK(self);
  try {
    publish_frame(self, buffer, repeat);
  } catch (const std::exception& error) {
    count_lost(self, error.what());
  }
  return GST_FLOW_OK;
}

gboolean sink_event(GstBaseTransform* base, GstEvent* event) {
  VireoPublish* self = self_of(base);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && self->state->publisher) {
    try {
      self->state->publisher->flush();
    } catch (const std::exception& error) {
      count_lost(self, error.what());
    }
  }
  return GST_BASE_TRANSFORM_CLASS(vireo_publish_parent_class)->sink_event(base, event);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = *self_of(object)->state;
  const auto text = [&] { return std::string(g_value_get_string(value) ? g_value_get_string(value) : ""); };
  GST_OBJECT_LOCK(object);
  const bool refused = state.running && (id == kTo || id == kOptions);
  GST_OBJECT_UNLOCK(object);
  if (refused) return gst::refuse_property(GST_ELEMENT(object), spec);
  GST_OBJECT_LOCK(object);
  switch (id) {
    case kTo: state.to = text(); break;
    case kOptions: state.options = text(); break;
    case kRepeat: state.repeat = g_value_get_boolean(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  State& state = *self_of(object)->state;
  GST_OBJECT_LOCK(object);
  switch (id) {
    case kTo: g_value_set_string(value, state.to.c_str()); break;
    case kOptions: g_value_set_string(value, state.options.c_str()); break;
    case kRepeat: g_value_set_boolean(value, state.repeat); break;
    case kPublished: g_value_set_uint64(value, state.published); break;
    case kLost: g_value_set_uint64(value, state.lost); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

void finalize(GObject* object) {
  delete self_of(object)->state;
  G_OBJECT_CLASS(vireo_publish_parent_class)->finalize(object);
}

}  // namespace

static void vireo_publish_class_init(VireoPublishClass* klass) {
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass* base_class = GST_BASE_TRANSFORM_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  const auto ready = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_property(
      object_class, kTo,
      g_param_spec_string(
          "to", "To",
          "Where results go: 'jsonl:FILE' (one JSON object a frame), or '-' for standard output. Elements of one "
          "process with the same target share it; an element that starts again goes on where it was. No default: must "
          "be set. Changeable in NULL and READY.",
          nullptr, ready));
  g_object_class_install_property(
      object_class, kOptions,
      g_param_spec_string("options", "Options",
                          "Options of the publisher as 'name=value;name=value' ('vireo list publishers' explains "
                          "them). Default: empty. Changeable in NULL and READY.",
                          nullptr, ready));
  g_object_class_install_property(
      object_class, kRepeat,
      g_param_spec_boolean("repeat", "Repeat",
                           "Also publish results that were only carried over from an earlier frame (vireoinfer "
                           "interval > 1). Default: false. Changeable while playing.",
                           FALSE, GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)));
  g_object_class_install_property(
      object_class, kPublished,
      g_param_spec_uint64("published", "Published", "Results handed to the publisher since PAUSED, a count. Read-only.",
                          0, G_MAXUINT64, 0, GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  g_object_class_install_property(
      object_class, kLost,
      g_param_spec_uint64("lost", "Lost", "Results that could not be written since PAUSED, a count. Read-only.", 0,
                          G_MAXUINT64, 0, GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  base_class->start = start;
  base_class->stop = stop;
  base_class->set_caps = set_caps;
  base_class->transform_ip = transform_ip;
  base_class->sink_event = sink_event;
  base_class->passthrough_on_same_caps = TRUE;
  base_class->transform_ip_on_passthrough = TRUE;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Vireo publisher", "Filter/Video/Metadata",
                                        "Publishes detections that travel with video frames, for example as JSON lines",
                                        "The Vireo project");
  GST_DEBUG_CATEGORY_INIT(vireopublish_debug, "vireopublish", 0, "Vireo publishing element");
}

static void vireo_publish_init(VireoPublish* self) {
  self->state = new State;
  gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(self), TRUE);
}

gboolean vireo::gst::register_vireopublish(GstPlugin* plugin) {
  return gst_element_register(plugin, "vireopublish", GST_RANK_NONE, vireo_publish_get_type());
}
