// vireopublish: hands the results that travel with the frames to a publisher and lets the frames pass untouched.

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/api/error.h"
#include "plugins/gst/elements.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/publish/publishers.h"

GST_DEBUG_CATEGORY_STATIC(vireopublish_debug);
#define GST_CAT_DEFAULT vireopublish_debug

namespace {

using namespace vireo;

/// A publisher that several elements (streams) of the process may share: one file, one connection for each address.
class SharedPublisher {
 public:
  static std::shared_ptr<SharedPublisher> open(const std::string& address, const std::string& options) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<SharedPublisher>> opened;
    std::lock_guard lock(mutex);
    auto& known = opened[address + "|" + options];
    auto shared = known.lock();
    if (!shared) {
      shared = std::make_shared<SharedPublisher>(publish::create_publisher(address, sdk::Params::parse(options)));
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
  std::mutex mutex_;
  std::unique_ptr<sdk::Publisher> publisher_;
};

/// `to`, `options`, `repeat` are guarded by the object lock.
struct State {
  std::string to, options;
  bool repeat = false;
  std::shared_ptr<SharedPublisher> publisher;
  GstVideoInfo info;
  std::uint64_t frames = 0, published = 0;
};

enum Property : guint { kTo = 1, kOptions, kRepeat, kPublished };

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
    self->state->publisher = SharedPublisher::open(to == "-" ? "jsonl:-" : to, options);
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, RESOURCE, OPEN_WRITE, ("%s", error.what()),
                      ("to=%s; 'vireo list publishers' shows what there is", to.c_str()));
    return FALSE;
  }
  gst_video_info_init(&self->state->info);
  self->state->frames = self->state->published = 0;
  return TRUE;
}

gboolean stop(GstBaseTransform* base) {
  self_of(base)->state->publisher.reset();
  return TRUE;
}

gboolean set_caps(GstBaseTransform* base, GstCaps* caps, GstCaps*) {
  return gst_video_info_from_caps(&self_of(base)->state->info, caps);
}

/// The frame's own result, or one made from the regions of other elements.
void publish_frame(State& state, GstBuffer* buffer, bool repeat) {
  const std::uint64_t index = state.frames++;
  if (const gst::FrameNote* note = gst::find_note(buffer, gst::NoteKind::result)) {
    if (note->age > 0 && !repeat) return;
    state.publisher->publish(note->result);
  } else {
    sdk::FrameResult result;
    result.detections = gst::read_regions(buffer);
    if (result.detections.empty()) return;
    result.frame_index = index;
    result.pts_ns = GST_BUFFER_PTS_IS_VALID(buffer) ? std::int64_t(GST_BUFFER_PTS(buffer)) : -1;
    result.width = GST_VIDEO_INFO_WIDTH(&state.info);
    result.height = GST_VIDEO_INFO_HEIGHT(&state.info);
    state.publisher->publish(result);
  }
  ++state.published;
}

GstFlowReturn transform_ip(GstBaseTransform* base, GstBuffer* buffer) {
  VireoPublish* self = self_of(base);
  GST_OBJECT_LOCK(self);
  const bool repeat = self->state->repeat;
  GST_OBJECT_UNLOCK(self);
  try {
    publish_frame(*self->state, buffer, repeat);
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, RESOURCE, WRITE, ("%s", error.what()),
                      ("check that the target can be written and has room"));
    return GST_FLOW_ERROR;
  }
  return GST_FLOW_OK;
}

gboolean sink_event(GstBaseTransform* base, GstEvent* event) {
  VireoPublish* self = self_of(base);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && self->state->publisher) {
    try {
      self->state->publisher->flush();
    } catch (const std::exception& error) {
      GST_ELEMENT_ERROR(self, RESOURCE, WRITE, ("%s", error.what()), ("the last results are lost"));
    }
  }
  return GST_BASE_TRANSFORM_CLASS(vireo_publish_parent_class)->sink_event(base, event);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = *self_of(object)->state;
  const auto text = [&] { return std::string(g_value_get_string(value) ? g_value_get_string(value) : ""); };
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
          "process with the same target share it. No default: must be set. Changeable in NULL and READY.",
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
