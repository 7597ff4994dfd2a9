// vireoscene: a source of synthetic street scenes with exact ground truth, as fast as they are wanted or live.

#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>

#include <memory>
#include <string>

#include "plugins/gst/elements.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/gst/properties.h"
#include "plugins/scene/scene.h"

GST_DEBUG_CATEGORY_STATIC(vireoscene_debug);
#define GST_CAT_DEFAULT vireoscene_debug

namespace {

using namespace vireo;

struct Settings {
  std::uint64_t seed = 1;
  std::int64_t first = 0;
  int step = 1;
  double noise = 1, day_seconds = 180;
};

/// `settings` are guarded by the object lock.
struct State {
  Settings settings;
  // Streaming thread.
  std::unique_ptr<scene::Scene> scene;
  GstVideoInfo info;
  scene::PixelOrder order = scene::PixelOrder::bgr;
  guint64 produced = 0;
  GstClockTime offset = 0;  ///< of the first frame after the last caps
  guint64 since_offset = 0;
};

const gst::Property<Settings> kRows[] = {
    {"seed", "Seed", "Layout, colours and traffic, any 64-bit number; the same seed gives the same pixels. Default: 1.",
     &Settings::seed},
    {"first-frame", "First frame", "Index of the scene's frame shown first, any 64-bit number. Default: 0.",
     &Settings::first},
    {"step", "Step",
     "Frames of the scene from one picture to the next, 1..1000000: larger steps show more of the scene in fewer "
     "pictures. Default: 1.",
     &Settings::step, gst::When::ready, 1, 1000000},
    {"noise", "Noise", "Sensor noise, 0..10: 0 is none, 1 looks like a good camera. Default: 1.", &Settings::noise,
     gst::When::ready, 0, 10},
    {"day-seconds", "Day", "Seconds of the scene from noon over dusk back to noon, 1..1e6. Default: 180.",
     &Settings::day_seconds, gst::When::ready, 1, 1e6},
};
const gst::PropertyTable<Settings> kTable = kRows;
constexpr guint kLive = std::size(kRows) + 1;

}  // namespace

struct VireoScene {
  GstPushSrc parent;
  State* state;
};
struct VireoSceneClass {
  GstPushSrcClass parent_class;
};
G_DEFINE_TYPE(VireoScene, vireo_scene, GST_TYPE_PUSH_SRC)

namespace {

#define SCENE_CAPS                                                                                                     \
  "video/x-raw, format = (string) { BGR, RGB, BGRx, RGBx }, width = (int) [ 32, 8192 ], height = (int) [ 32, 8192 ], " \
  "framerate = (fraction) [ 1/10, 1000/1 ]"
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(SCENE_CAPS));

VireoScene* self_of(gpointer object) { return reinterpret_cast<VireoScene*>(object); }

GstCaps* fixate(GstBaseSrc* base, GstCaps* caps) {
  caps = gst_caps_make_writable(gst_caps_truncate(caps));
  GstStructure* structure = gst_caps_get_structure(caps, 0);
  gst_structure_fixate_field_nearest_int(structure, "width", 640);
  gst_structure_fixate_field_nearest_int(structure, "height", 480);
  gst_structure_fixate_field_nearest_fraction(structure, "framerate", 30, 1);
  return GST_BASE_SRC_CLASS(vireo_scene_parent_class)->fixate(base, caps);
}

scene::PixelOrder order_of(const GstVideoInfo& info) {
  switch (GST_VIDEO_INFO_FORMAT(&info)) {
    case GST_VIDEO_FORMAT_RGB: return scene::PixelOrder::rgb;
    case GST_VIDEO_FORMAT_BGRx: return scene::PixelOrder::bgrx;
    case GST_VIDEO_FORMAT_RGBx: return scene::PixelOrder::rgbx;
    default: return scene::PixelOrder::bgr;
  }
}

/// From the first frame at this rate to frame `frame`.
GstClockTime frame_time(const State& state, guint64 frame) {
  return gst_util_uint64_scale(frame, guint64(GST_VIDEO_INFO_FPS_D(&state.info)) * GST_SECOND,
                               guint64(GST_VIDEO_INFO_FPS_N(&state.info)));
}

gboolean set_caps(GstBaseSrc* base, GstCaps* caps) {
  VireoScene* self = self_of(base);
  State& state = *self->state;
  if (state.since_offset > 0) {  // frames go on where the old rate left off
    state.offset += frame_time(state, state.since_offset);
    state.since_offset = 0;
  }
  if (!gst_video_info_from_caps(&state.info, caps)) return FALSE;
  scene::SceneOptions options;
  options.width = GST_VIDEO_INFO_WIDTH(&state.info);
  options.height = GST_VIDEO_INFO_HEIGHT(&state.info);
  options.fps = double(GST_VIDEO_INFO_FPS_N(&state.info)) / GST_VIDEO_INFO_FPS_D(&state.info);
  GST_OBJECT_LOCK(self);
  options.seed = state.settings.seed;
  options.noise = float(state.settings.noise);
  options.day_seconds = state.settings.day_seconds;
  GST_OBJECT_UNLOCK(self);
  state.order = order_of(state.info);
  try {
    state.scene = std::make_unique<scene::Scene>(options);
  } catch (const std::exception& error) {
    GST_ELEMENT_ERROR(self, STREAM, FORMAT, ("%s", error.what()), ("ask for another size or rate by a capsfilter"));
    return FALSE;
  }
  gst_base_src_set_blocksize(base, guint(GST_VIDEO_INFO_SIZE(&state.info)));
  return TRUE;
}

/// Detections with score 1; those of which too little is visible have score 0.
std::shared_ptr<const gst::FrameNote> truth_of(const std::vector<scene::SceneObject>& objects, const State& state,
                                               GstClockTime pts) {
  auto note = std::make_shared<gst::FrameNote>();
  note->result.source_id = "vireoscene";
  note->result.frame_index = state.produced;
  note->result.pts_ns = std::int64_t(pts);
  note->result.width = GST_VIDEO_INFO_WIDTH(&state.info);
  note->result.height = GST_VIDEO_INFO_HEIGHT(&state.info);
  for (const scene::SceneObject& object : objects) {
    sdk::Detection detection;
    detection.x = object.x;
    detection.y = object.y;
    detection.width = object.width;
    detection.height = object.height;
    detection.score = object.ignore ? 0.0f : 1.0f;
    detection.class_id = int(object.object_class);
    detection.label = scene::class_name(object.object_class);
    detection.rotation = 0;
    detection.track_id = object.id;
    note->result.detections.push_back(std::move(detection));
  }
  return note;
}

/// As a camera does, a live scene leaves out the frames whose time has passed when it can't paint fast enough.
bool skip_to_now(VireoScene* self) {
  State& state = *self->state;
  GstClock* clock = gst_base_src_is_live(GST_BASE_SRC(self)) ? gst_element_get_clock(GST_ELEMENT(self)) : nullptr;
  if (!clock) return false;
  const GstClockTime now = gst_clock_get_time(clock),
                     base = gst_element_get_base_time(GST_ELEMENT(self)) + state.offset;
  gst_object_unref(clock);
  if (now <= base) return false;
  const guint64 due = gst_util_uint64_scale(now - base, guint64(GST_VIDEO_INFO_FPS_N(&state.info)),
                                            guint64(GST_VIDEO_INFO_FPS_D(&state.info)) * GST_SECOND);
  if (due <= state.since_offset) return false;
  state.produced += due - state.since_offset;
  state.since_offset = due;
  return true;
}

GstFlowReturn fill(GstPushSrc* push, GstBuffer* buffer) {
  VireoScene* self = self_of(push);
  State& state = *self->state;
  if (!state.scene) return GST_FLOW_NOT_NEGOTIATED;
  if (skip_to_now(self)) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  GST_OBJECT_LOCK(self);
  const std::int64_t index = state.settings.first + std::int64_t(state.produced) * state.settings.step;
  GST_OBJECT_UNLOCK(self);
  const auto at = [&](guint64 frame) { return state.offset + frame_time(state, frame); };
  GST_BUFFER_PTS(buffer) = at(state.since_offset);
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION(buffer) = at(state.since_offset + 1) - GST_BUFFER_PTS(buffer);
  GST_BUFFER_OFFSET(buffer) = state.produced;
  GST_BUFFER_OFFSET_END(buffer) = state.produced + 1;

  GstVideoFrame frame;
  if (!gst_video_frame_map(&frame, &state.info, buffer, GST_MAP_WRITE)) {
    GST_ELEMENT_ERROR(self, RESOURCE, WRITE, ("A frame's memory can't be written."), (nullptr));
    return GST_FLOW_ERROR;
  }
  const auto& objects = state.scene->render(index, static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)),
                                            GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0), state.order);
  gst_video_frame_unmap(&frame);
  gst::attach_note(buffer, gst::NoteKind::truth, truth_of(objects, state, GST_BUFFER_PTS(buffer)));
  ++state.produced;
  ++state.since_offset;
  return GST_FLOW_OK;
}

/// Live frames wait for their time.
void get_times(GstBaseSrc* base, GstBuffer* buffer, GstClockTime* start, GstClockTime* end) {
  *start = *end = GST_CLOCK_TIME_NONE;
  if (!gst_base_src_is_live(base)) return;
  *start = GST_BUFFER_PTS(buffer);
  *end = *start + GST_BUFFER_DURATION(buffer);
}

gboolean start(GstBaseSrc* base) {
  State& state = *self_of(base)->state;
  state.produced = state.since_offset = 0;
  state.offset = 0;
  gst_video_info_init(&state.info);
  return TRUE;
}

gboolean stop(GstBaseSrc* base) {
  self_of(base)->state->scene.reset();
  return TRUE;
}

gboolean is_seekable(GstBaseSrc*) { return FALSE; }

void write(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  if (id == kLive) {  // basesrc's own; it does not change in use either
    if (gst::in_use(object)) return gst::refuse_property(GST_ELEMENT(object), spec);
    gst_base_src_set_live(GST_BASE_SRC(object), g_value_get_boolean(value));
    return;
  }
  (void)gst::set_property(object, kTable, self_of(object)->state->settings, id, value, spec, gst::in_use(object));
}

void read(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  if (id == kLive) {
    g_value_set_boolean(value, gst_base_src_is_live(GST_BASE_SRC(object)));
  } else {
    gst::get_property(object, kTable, self_of(object)->state->settings, id, value, spec);
  }
}

void finalize(GObject* object) {
  delete self_of(object)->state;
  G_OBJECT_CLASS(vireo_scene_parent_class)->finalize(object);
}

}  // namespace

static void vireo_scene_class_init(VireoSceneClass* klass) {
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  GstBaseSrcClass* base_class = GST_BASE_SRC_CLASS(klass);
  object_class->set_property = write;
  object_class->get_property = read;
  object_class->finalize = finalize;
  const auto ready = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  gst::install_properties(object_class, kTable);
  g_object_class_install_property(
      object_class, kLive,
      g_param_spec_boolean("is-live", "Live",
                           "Frames come at their time, as from a camera; otherwise as fast as they are taken. Default: "
                           "false. Changeable in NULL and READY.",
                           FALSE, ready));
  base_class->fixate = fixate;
  base_class->set_caps = set_caps;
  base_class->get_times = get_times;
  base_class->start = start;
  base_class->stop = stop;
  base_class->is_seekable = is_seekable;
  GST_PUSH_SRC_CLASS(klass)->fill = fill;
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Vireo scene", "Source/Video",
                                        "Synthetic street scenes seen from above, with exact ground truth as metadata",
                                        "The Vireo project");
  GST_DEBUG_CATEGORY_INIT(vireoscene_debug, "vireoscene", 0, "Vireo synthetic source");
}

static void vireo_scene_init(VireoScene* self) {
  self->state = new State;
  gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
}

gboolean vireo::gst::register_vireoscene(GstPlugin* plugin) {
  return gst_element_register(plugin, "vireoscene", GST_RANK_NONE, vireo_scene_get_type());
}
