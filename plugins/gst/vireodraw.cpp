// vireodraw: draws the results that travel with the frames into the frames' own planes.

#include <gst/video/gstvideofilter.h>
#include <gst/video/video.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "engine/api/error.h"
#include "plugins/draw/draw.h"
#include "plugins/gst/element_messages.h"
#include "plugins/gst/elements.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/gst/video_image.h"

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

/// `style`, `show_stats` and `changed` are guarded by the object lock; the rest belongs to the streaming thread.
struct State {
  DrawStyle style;
  bool show_stats = false;
  bool changed = true;
  std::unique_ptr<draw::Renderer> renderer;
  Meter meter;
  bool told = false;  ///< of results that don't get here
};

struct Row {
  const char *name, *nick, *blurb;
  std::variant<int DrawStyle::*, bool DrawStyle::*, float DrawStyle::*> field;
  double min = 0, max = 1;
};

const Row kRows[] = {
    {"thickness", "Thickness", "Width of boxes and skeletons in pixels, 0..64; 0 (default) means by the frame's size.",
     &DrawStyle::thickness, 0, 64},
    {"text-size", "Text size",
     "Height of a capital letter in pixels, 0 or 6..96; 0 (default) means by the frame's size.", &DrawStyle::text_size,
     0, 96},
    {"boxes", "Boxes", "Draw the boxes of detections. Default: true.", &DrawStyle::boxes},
    {"labels", "Labels", "Write class names at boxes. Default: true.", &DrawStyle::labels},
    {"scores", "Scores", "Write scores in labels. Default: true.", &DrawStyle::scores},
    {"keypoints", "Keypoints", "Draw landmarks and skeletons. Default: true.", &DrawStyle::keypoints},
    {"maps", "Maps", "Blend segmentation maps over the frame. Default: true.", &DrawStyle::maps},
    {"masks", "Masks", "Blend the masks of detections over them. Default: true.", &DrawStyle::masks},
    {"classes", "Classes", "Write classifications of the whole frame. Default: true.", &DrawStyle::classes},
    {"min-score", "Least score", "Draw only detections at least this sure, 0..1. Default: 0.", &DrawStyle::min_score},
    {"fill", "Fill", "Opacity of the inside of boxes, 0..1. Default: 0.", &DrawStyle::fill},
    {"map-opacity", "Map opacity", "Opacity of segmentation maps and masks, 0..1. Default: 0.45.",
     &DrawStyle::map_opacity},
};
constexpr guint kRowCount = std::size(kRows), kColourBy = kRowCount + 1, kShowStats = kRowCount + 2;

GType colour_type() {
  static const GEnumValue values[] = {
      {0, "A colour for each class", "class"}, {1, "A colour for each track", "track"}, {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("VireoDrawColourBy", values);
  return type;
}

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

GstFlowReturn transform_frame_ip(GstVideoFilter* filter, GstVideoFrame* frame) {
  VireoDraw* self = self_of(filter);
  State& state = *self->state;
  GST_OBJECT_LOCK(self);
  const DrawStyle style = state.style;
  const bool show_stats = state.show_stats, changed = std::exchange(state.changed, false);
  GST_OBJECT_UNLOCK(self);
  try {
    if (!state.renderer || changed) state.renderer = std::make_unique<draw::Renderer>(style);
    std::string lost;
    const gst::NotePointer note =
        gst::read_note(frame->buffer, gst::NoteKind::result, GST_BASE_TRANSFORM_SINK_PAD(self),
                       GST_VIDEO_FRAME_WIDTH(frame), GST_VIDEO_FRAME_HEIGHT(frame), &lost);
    const std::string status = show_stats ? state.meter.line(note ? note->latency_ns : 0) : std::string();
    if (note) {
      state.renderer->draw(gst::image_of(*frame), note->result, status);
      return GST_FLOW_OK;
    }
    gst::warn_of_lost_results(GST_ELEMENT(self), lost, state.told);
    sdk::FrameResult result;
    result.detections = gst::read_regions(frame->buffer);
    if (!result.detections.empty() || !status.empty()) state.renderer->draw(gst::image_of(*frame), result, status);
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, STREAM, FAILED, ("%s", error.what()),
                      ("the frame can't be drawn into; put videoconvert before this element"));
    return GST_FLOW_ERROR;
  }
  return GST_FLOW_OK;
}

gboolean stop(GstBaseTransform* base) {
  self_of(base)->state->renderer.reset();
  self_of(base)->state->meter = {};
  self_of(base)->state->told = false;
  return TRUE;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = *self_of(object)->state;
  GST_OBJECT_LOCK(object);
  state.changed = true;
  if (id == kColourBy) {
    state.style.colour_by = draw::ColourBy(g_value_get_enum(value));
  } else if (id == kShowStats) {
    state.show_stats = g_value_get_boolean(value);
  } else if (id >= 1 && id <= kRowCount) {
    const auto& field = kRows[id - 1].field;
    if (const auto* integer = std::get_if<int DrawStyle::*>(&field)) state.style.** integer = g_value_get_int(value);
    if (const auto* flag = std::get_if<bool DrawStyle::*>(&field)) state.style.** flag = g_value_get_boolean(value);
    if (const auto* number = std::get_if<float DrawStyle::*>(&field)) state.style.** number = g_value_get_float(value);
    if (state.style.text_size > 0 && state.style.text_size < 6) state.style.text_size = 6;
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  State& state = *self_of(object)->state;
  GST_OBJECT_LOCK(object);
  if (id == kColourBy) {
    g_value_set_enum(value, int(state.style.colour_by));
  } else if (id == kShowStats) {
    g_value_set_boolean(value, state.show_stats);
  } else if (id >= 1 && id <= kRowCount) {
    const auto& field = kRows[id - 1].field;
    if (const auto* integer = std::get_if<int DrawStyle::*>(&field)) g_value_set_int(value, state.style.**integer);
    if (const auto* flag = std::get_if<bool DrawStyle::*>(&field)) g_value_set_boolean(value, state.style.**flag);
    if (const auto* number = std::get_if<float DrawStyle::*>(&field)) g_value_set_float(value, state.style.**number);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(object);
}

void finalize(GObject* object) {
  delete self_of(object)->state;
  G_OBJECT_CLASS(vireo_draw_parent_class)->finalize(object);
}

GParamSpec* spec_of(const Row& row) {
  const DrawStyle defaults;
  const auto flags =
      GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK | GST_PARAM_MUTABLE_PLAYING);
  const std::string blurb = row.blurb + std::string(" Changeable while playing; the next frame sees it.");
  if (const auto* integer = std::get_if<int DrawStyle::*>(&row.field)) {
    return g_param_spec_int(row.name, row.nick, blurb.c_str(), int(row.min), int(row.max), defaults.**integer, flags);
  }
  if (const auto* flag = std::get_if<bool DrawStyle::*>(&row.field)) {
    return g_param_spec_boolean(row.name, row.nick, blurb.c_str(), defaults.**flag, flags);
  }
  const auto number = std::get<float DrawStyle::*>(row.field);
  return g_param_spec_float(row.name, row.nick, blurb.c_str(), float(row.min), float(row.max), defaults.*number, flags);
}

}  // namespace

static void vireo_draw_class_init(VireoDrawClass* klass) {
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  for (guint i = 0; i < kRowCount; ++i) g_object_class_install_property(object_class, i + 1, spec_of(kRows[i]));
  const auto playing = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  g_object_class_install_property(object_class, kColourBy,
                                  g_param_spec_enum("colour-by", "Colour by",
                                                    "What has a colour of its own: class or track. Default: class. "
                                                    "Changeable while playing; the next frame sees it.",
                                                    colour_type(), 0, playing));
  g_object_class_install_property(
      object_class, kShowStats,
      g_param_spec_boolean("show-stats", "Show statistics",
                           "Write frames a second and the mean latency (milliseconds, of the last second) into the "
                           "corner. Default: false. Changeable while playing; the next frame sees it.",
                           FALSE, playing));
  GST_BASE_TRANSFORM_CLASS(klass)->stop = stop;
  GST_VIDEO_FILTER_CLASS(klass)->transform_frame_ip = transform_frame_ip;
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
