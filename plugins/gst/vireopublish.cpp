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
#include "plugins/gst/elements.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/gst/picture_name.h"
#include "plugins/gst/properties.h"
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

struct Settings {
  std::string to, options;
  bool repeat = false;
};

/// `settings` are guarded by the object lock.
struct State {
  Settings settings;
  std::shared_ptr<SharedPublisher> publisher;
  std::string written;  ///< where this element has written before
  GstVideoInfo info;
  std::uint64_t frames = 0, published = 0, lost = 0;
  bool told = false;  ///< of results that don't get here
  std::chrono::steady_clock::time_point warned;
};

const gst::Property<Settings> kRows[] = {
    {"to", "To",
     "Where results go: 'jsonl:FILE' (one JSON object a frame), or '-' for standard output. Elements of one process "
     "with "
     "the same target share it; an element that starts again goes on where it was. No default: must be set.",
     &Settings::to},
    {"options", "Options",
     "Options of the publisher as 'name=value;name=value' ('vireo list publishers' explains them). Default: empty.",
     &Settings::options},
    {"repeat", "Repeat",
     "Also publish results that were only carried over from an earlier frame (vireoinfer interval > 1). Default: "
     "false.",
     &Settings::repeat, gst::When::playing},
};
const gst::PropertyTable<Settings> kTable = kRows;
constexpr guint kPublished = std::size(kRows) + 1, kLost = kPublished + 1;

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
  const Settings settings = self->state->settings;
  GST_OBJECT_UNLOCK(self);
  const std::string& to = settings.to;
  if (to.empty()) {
    GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("No target is set."),
                      ("set to=jsonl:FILE or to=- for standard output"));
    return FALSE;
  }
  try {
    const bool again = self->state->written == to;
    self->state->publisher = SharedPublisher::open(to == "-" ? "jsonl:-" : to, settings.options, again);
    self->state->written = to;
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, RESOURCE, OPEN_WRITE, ("%s", error.what()),
                      ("to=%s; 'vireo list publishers' shows what there is", to.c_str()));
    return FALSE;
  }
  gst_video_info_init(&self->state->info);
  self->state->frames = self->state->published = self->state->lost = 0;
  self->state->told = false;
  return TRUE;
}

gboolean stop(GstBaseTransform* base) {
  self_of(base)->state->publisher.reset();
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
  const bool repeat = self->state->settings.repeat;
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

void write(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  (void)gst::set_property(object, kTable, self_of(object)->state->settings, id, value, spec, gst::in_use(object));
}

void read(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const State& state = *self_of(object)->state;
  if (id == kPublished || id == kLost) {
    g_value_set_uint64(value, id == kLost ? state.lost : state.published);
  } else {
    gst::get_property(object, kTable, state.settings, id, value, spec);
  }
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
  object_class->set_property = write;
  object_class->get_property = read;
  object_class->finalize = finalize;
  gst::install_properties(object_class, kTable);
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
