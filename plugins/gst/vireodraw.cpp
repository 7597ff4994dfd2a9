// vireodraw: draws the results that travel with the frames into the frames' own planes.

#include <gst/video/gstvideofilter.h>
#include <gst/video/video.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "engine/api/error.h"
#include "plugins/draw/draw.h"
#include "plugins/gst/elements.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/gst/properties.h"
#include "plugins/gst/video_image.h"
#include "plugins/gst/writable_frames.h"

GST_DEBUG_CATEGORY_STATIC(vireodraw_debug);
#define GST_CAT_DEFAULT vireodraw_debug

namespace {

using namespace vireo;
using draw::DrawStyle;
using Clock = std::chrono::steady_clock;

/// Frames a second and latency over the last second, for the status line.
class Meter {
 public:
  const std::string& line(std::int64_t latency_ns) {
    const auto now = Clock::now();
    if (frames_ == 0) since_ = now;
    ++frames_;
    latency_ns_ += latency_ns;
    const double seconds = std::chrono::duration<double>(now - since_).count();
    if (seconds >= 1) {
      char text[64];
      std::snprintf(text, sizeof text, "%.1f fps  %.1f ms", double(frames_ - 1) / seconds,
                    double(latency_ns_) / 1e6 / double(frames_));
      text_ = text;
      frames_ = 0;
      latency_ns_ = 0;
    }
    return text_;
  }

 private:
  Clock::time_point since_;
  int frames_ = 0;
  std::int64_t latency_ns_ = 0;
  std::string text_;
};

struct Settings : DrawStyle {
  bool show_stats = false;
};

/// What is to be drawn into one frame.
struct Work {
  gst::NotePointer note;
  sdk::FrameResult regions;  ///< without a note: what others attached
  std::string status;

  [[nodiscard]] const sdk::FrameResult& result() const { return note ? note->result : regions; }
  [[nodiscard]] bool nothing() const {
    return status.empty() && result().detections.empty() && result().classes.empty() && result().maps.empty();
  }
};

/// `settings` and `changed` are guarded by the object lock; the rest belongs to the streaming thread.
struct State {
  Settings settings;
  bool changed = true;
  std::unique_ptr<draw::Renderer> renderer;
  Meter meter;
  bool told = false;  ///< of results that don't get here
  Work work;          ///< of the frame between the two calls that it takes
  gst::WritableFrames frames;
};

GType colour_type() {
  static const GEnumValue values[] = {
      {0, "A colour for each class", "class"}, {1, "A colour for each track", "track"}, {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("VireoDrawColourBy", values);
  return type;
}

constexpr gst::Choice<Settings> kColourBy{[](const Settings& s) { return int(s.colour_by); },
                                          [](Settings& s, int value) { s.colour_by = draw::ColourBy(value); },
                                          colour_type};

constexpr auto kPlaying = gst::When::playing;

const gst::Property<Settings> kRows[] = {
    {"thickness", "Thickness", "Width of boxes and skeletons in pixels, 0..64; 0 (default) means by the frame's size.",
     &Settings::thickness, kPlaying, 0, 64},
    {"text-size", "Text size",
     "Height of a capital letter in pixels, 0 or 6..96; 0 (default) means by the frame's size.", &Settings::text_size,
     kPlaying, 0, 96},
    {"boxes", "Boxes", "Draw the boxes of detections. Default: true.", &Settings::boxes, kPlaying},
    {"labels", "Labels", "Write class names at boxes. Default: true.", &Settings::labels, kPlaying},
    {"scores", "Scores", "Write scores in labels. Default: true.", &Settings::scores, kPlaying},
    {"keypoints", "Keypoints", "Draw landmarks and skeletons. Default: true.", &Settings::keypoints, kPlaying},
    {"maps", "Maps", "Blend segmentation maps over the frame. Default: true.", &Settings::maps, kPlaying},
    {"masks", "Masks", "Blend the masks of detections over them. Default: true.", &Settings::masks, kPlaying},
    {"classes", "Classes", "Write classifications of the whole frame. Default: true.", &Settings::classes, kPlaying},
    {"min-score", "Least score", "Draw only detections at least this sure, 0..1. Default: 0.", &Settings::min_score,
     kPlaying, 0, 1},
    {"fill", "Fill", "Opacity of the inside of boxes, 0..1. Default: 0.", &Settings::fill, kPlaying, 0, 1},
    {"map-opacity", "Map opacity", "Opacity of segmentation maps and masks, 0..1. Default: 0.45.",
     &Settings::map_opacity, kPlaying, 0, 1},
    {"colour-by", "Colour by", "What has a colour of its own: class or track. Default: class.", kColourBy, kPlaying},
    {"show-stats", "Show statistics",
     "Write frames a second and the mean latency (milliseconds, of the last second) into the corner. Default: false.",
     &Settings::show_stats, kPlaying},
};

const gst::PropertyTable<Settings> kTable = kRows;

}  // namespace

struct VireoDraw {
  GstVideoFilter parent;
  State* state;
};
struct VireoDrawClass {
  GstVideoFilterClass parent_class;
};
G_DEFINE_TYPE(VireoDraw, vireo_draw, GST_TYPE_VIDEO_FILTER)

namespace {

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_VIDEO_FORMATS)));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_VIDEO_FORMATS)));

VireoDraw* self_of(gpointer object) { return reinterpret_cast<VireoDraw*>(object); }

Work find_work(VireoDraw* self, GstBuffer* buffer, const Settings& settings) {
  State& state = *self->state;
  const GstVideoInfo& info = GST_VIDEO_FILTER(self)->in_info;
  Work work;
  std::string lost;
  work.note = gst::read_note(buffer, gst::NoteKind::result, GST_BASE_TRANSFORM_SINK_PAD(self),
                             GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info), &lost);
  if (settings.show_stats) work.status = state.meter.line(work.note ? work.note->latency_ns : 0);
  if (work.note) return work;
  gst::warn_of_lost_results(GST_ELEMENT(self), lost, state.told);
  work.regions.detections = gst::read_regions(buffer);
  return work;
}

GstFlowReturn fail(VireoDraw* self, const char* why) {
  GST_ELEMENT_ERROR(self, STREAM, FAILED, ("%s", why),
                    ("the frame can't be drawn into; put videoconvert before this element"));
  return GST_FLOW_ERROR;
}

/// The frame itself where it may be written to, or nothing is drawn.
GstFlowReturn prepare_output_buffer(GstBaseTransform* base, GstBuffer* input, GstBuffer** output) {
  VireoDraw* self = self_of(base);
  State& state = *self->state;
  GST_OBJECT_LOCK(self);
  const Settings settings = state.settings;
  const bool changed = std::exchange(state.changed, false);
  GST_OBJECT_UNLOCK(self);
  try {
    if (!state.renderer || changed) state.renderer = std::make_unique<draw::Renderer>(settings);
    state.work = find_work(self, input, settings);
  } catch (const std::exception& error) {
    return fail(self, error.what());
  }
  *output = input;
  if (state.work.nothing() || gst::WritableFrames::is_writable(input)) return GST_FLOW_OK;
  *output = state.frames.copy(input, GST_VIDEO_FILTER(self)->in_info);
  return *output ? GST_FLOW_OK : fail(self, "there is no memory for a frame");
}

GstFlowReturn transform_ip(GstBaseTransform* base, GstBuffer* buffer) {
  VireoDraw* self = self_of(base);
  State& state = *self->state;
  const Work work = std::exchange(state.work, {});
  if (work.nothing()) return GST_FLOW_OK;
  gst::MappedFrame mapped(GST_VIDEO_FILTER(self)->in_info, buffer, GST_MAP_READWRITE);
  if (!mapped) return fail(self, "the frame's memory can't be mapped for writing");
  try {
    state.renderer->draw(gst::image_of(mapped.frame()), work.result(), work.status);
  } catch (const std::exception& error) {
    return fail(self, error.what());
  }
  return GST_FLOW_OK;
}

gboolean set_info(GstVideoFilter* filter, GstCaps*, GstVideoInfo*, GstCaps*, GstVideoInfo*) {
  self_of(filter)->state->frames.reset();
  return TRUE;
}

gboolean stop(GstBaseTransform* base) {
  State& state = *self_of(base)->state;
  state.renderer.reset();
  state.meter = {};
  state.told = false;
  state.work = {};
  state.frames.reset();
  return TRUE;
}

void write(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = *self_of(object)->state;
  if (gst::set_property(object, kTable, state.settings, id, value, spec, false) != gst::SetResult::set) return;
  GST_OBJECT_LOCK(object);
  if (state.settings.text_size > 0 && state.settings.text_size < 6) state.settings.text_size = 6;
  state.changed = true;
  GST_OBJECT_UNLOCK(object);
}

void read(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  gst::get_property(object, kTable, self_of(object)->state->settings, id, value, spec);
}

void finalize(GObject* object) {
  delete self_of(object)->state;
  G_OBJECT_CLASS(vireo_draw_parent_class)->finalize(object);
}

}  // namespace

static void vireo_draw_class_init(VireoDrawClass* klass) {
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = write;
  object_class->get_property = read;
  object_class->finalize = finalize;
  gst::install_properties(object_class, kTable);
  GST_BASE_TRANSFORM_CLASS(klass)->stop = stop;
  GST_BASE_TRANSFORM_CLASS(klass)->prepare_output_buffer = prepare_output_buffer;
  GST_BASE_TRANSFORM_CLASS(klass)->transform_ip = transform_ip;
  GST_VIDEO_FILTER_CLASS(klass)->set_info = set_info;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(
      element_class, "Vireo overlay", "Filter/Editor/Video",
      "Draws detections, landmarks, classes and maps that travel with video frames, in place", "The Vireo project");
  GST_DEBUG_CATEGORY_INIT(vireodraw_debug, "vireodraw", 0, "Vireo drawing element");
}

static void vireo_draw_init(VireoDraw* self) { self->state = new State; }

gboolean vireo::gst::register_vireodraw(GstPlugin* plugin) {
  return gst_element_register(plugin, "vireodraw", GST_RANK_NONE, vireo_draw_get_type());
}
