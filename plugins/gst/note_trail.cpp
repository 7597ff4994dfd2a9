#include "plugins/gst/note_trail.h"

#include <gst/video/video.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "plugins/gst/mixer_trail.h"

namespace vireo::gst {
namespace {

using sdk::Affine;

struct ObjectUnref {
  void operator()(gpointer object) const { gst_object_unref(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, ObjectUnref>;

struct Extent {
  int width = 0, height = 0;
};

std::optional<Extent> extent_of(GstPad* pad) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (!caps) return std::nullopt;
  GstVideoInfo info;
  const bool video = gst_video_info_from_caps(&info, caps);
  gst_caps_unref(caps);
  if (!video) return std::nullopt;
  return Extent{GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info)};
}

int number(GstElement* element, const char* name) {
  gint value = 0;
  g_object_get(element, name, &value, nullptr);
  return value;
}

/// What the image-orientation tag that reached the pad asks for.
GstVideoOrientationMethod tagged_orientation(GstPad* pad) {
  GstVideoOrientationMethod method = GST_VIDEO_ORIENTATION_IDENTITY;
  for (guint i = 0; GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_TAG, i); ++i) {
    GstTagList* tags = nullptr;
    gst_event_parse_tag(event, &tags);
    gst_video_orientation_from_tag(tags, &method);
    gst_event_unref(event);
  }
  return method;
}

/// The frame's size is that before turning.
std::optional<Affine> turned(GstVideoOrientationMethod method, Extent frame) {
  const double w = frame.width, h = frame.height;
  switch (method) {
    case GST_VIDEO_ORIENTATION_IDENTITY: return Affine{};
    case GST_VIDEO_ORIENTATION_90R: return Affine{0, -1, h, 1, 0, 0};
    case GST_VIDEO_ORIENTATION_180: return Affine{-1, 0, w, 0, -1, h};
    case GST_VIDEO_ORIENTATION_90L: return Affine{0, 1, 0, -1, 0, w};
    case GST_VIDEO_ORIENTATION_HORIZ: return Affine{-1, 0, w, 0, 1, 0};
    case GST_VIDEO_ORIENTATION_VERT: return Affine{1, 0, 0, 0, -1, h};
    case GST_VIDEO_ORIENTATION_UL_LR: return Affine{0, 1, 0, 1, 0, 0};
    case GST_VIDEO_ORIENTATION_UR_LL: return Affine{0, -1, h, -1, 0, w};
    default: return std::nullopt;
  }
}

std::optional<Affine> flipped(GstElement* element, GstPad* sink, Extent in) {
  gint method = 0;
  g_object_get(element, "video-direction", &method, nullptr);
  auto direction = GstVideoOrientationMethod(method);
  if (direction == GST_VIDEO_ORIENTATION_AUTO) direction = tagged_orientation(sink);
  return turned(direction, in);
}

/// -1 means what is left over by the caps, shared out where both sides say so.
int automatic(int side, int other, int in, int out) {
  if (side >= 0) return side;
  const int left_over = in - out;
  return other >= 0 ? left_over - other : left_over / 2;
}

std::optional<Affine> cropped(GstElement* element, Extent in, Extent out) {
  const int left = number(element, "left"), right = number(element, "right");
  const int top = number(element, "top"), bottom = number(element, "bottom");
  return Affine{1, 0, -double(automatic(left, right, in.width, out.width)),
                0, 1, -double(automatic(top, bottom, in.height, out.height))};
}

/// videoscale keeps the aspect ratio with borders where it is told to and the pixels are square.
std::optional<Affine> scaled(GstElement* element, Extent in, Extent out) {
  double sx = double(out.width) / in.width, sy = double(out.height) / in.height;
  gboolean borders = FALSE;
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "add-borders")) {
    g_object_get(element, "add-borders", &borders, nullptr);
  }
  if (!borders || sx == sy) return Affine::scale(sx, sy);
  const double s = std::min(sx, sy);
  return Affine{s, 0, (out.width - s * in.width) / 2, 0, s, (out.height - s * in.height) / 2};
}

/// Mixers make pictures of their own, which carry nothing of their inputs'.
bool mixes(GstElement* element) {
  const GType aggregator = g_type_from_name("GstAggregator");
  return aggregator != 0 && g_type_is_a(G_OBJECT_TYPE(element), aggregator);
}

/// What the element makes of the picture; nothing where that is not known.
std::optional<Affine> effect(GstElement* element, GstPad* sink, GstPad* src) {
  GstElementFactory* factory = gst_element_get_factory(element);
  const std::string_view name = factory ? GST_OBJECT_NAME(factory) : "";
  const auto in = extent_of(sink), out = extent_of(src);
  if (!in || !out || in->width < 1 || in->height < 1) return std::nullopt;
  if (name == "videoflip") return flipped(element, sink, *in);
  if (name == "videocrop") return cropped(element, *in, *out);
  if (name == "videobox") {  // negative numbers add a border
    return Affine{1, 0, -double(number(element, "left")), 0, 1, -double(number(element, "top"))};
  }
  if (in->width == out->width && in->height == out->height) return Affine{};
  if (name.starts_with("videoscale") || name.starts_with("videoconvert")) return scaled(element, *in, *out);
  return std::nullopt;
}

/// Mixers that are followed give their pictures notes of their own.
bool attaches(GstElement* element, NoteKind kind) {
  if (is_followed(element)) return true;
  GstElementFactory* factory = gst_element_get_factory(element);
  const std::string_view name = factory ? GST_OBJECT_NAME(factory) : "";
  return name == (kind == NoteKind::result ? "vireoinfer" : "vireoscene");
}

/// The pad of an element that data comes from, past the borders of bins; null where there is none.
Owned<GstPad> source_of(GstPad* pad) {
  Owned<GstPad> peer(gst_pad_get_peer(pad));
  while (peer) {
    if (GST_IS_GHOST_PAD(peer.get())) {  // into a bin, by its source pad
      peer.reset(gst_ghost_pad_get_target(GST_GHOST_PAD(peer.get())));
      if (peer && !GST_IS_GHOST_PAD(peer.get())) return peer;
      continue;
    }
    GstObject* parent = GST_OBJECT_PARENT(peer.get());
    if (parent && GST_IS_GHOST_PAD(parent)) {  // out of a bin, by its sink pad
      peer.reset(gst_pad_get_peer(GST_PAD(parent)));
      continue;
    }
    return peer;
  }
  return nullptr;
}

/// The element's only sink pad; null where it has none or several.
Owned<GstPad> only_sink(GstElement* element) {
  Owned<GstPad> sink;
  GST_OBJECT_LOCK(element);
  if (element->numsinkpads == 1) sink.reset(GST_PAD(gst_object_ref(element->sinkpads->data)));
  GST_OBJECT_UNLOCK(element);
  return sink;
}

/// Whether a stage that attaches such notes is anywhere upstream of one of the element's inputs.
bool any_stage_before(GstElement* element, NoteKind kind, int depth) {
  if (depth > 64) return false;
  GST_OBJECT_LOCK(element);
  std::vector<Owned<GstPad>> sinks;
  for (GList* at = element->sinkpads; at; at = at->next) sinks.emplace_back(GST_PAD(gst_object_ref(at->data)));
  GST_OBJECT_UNLOCK(element);
  for (const auto& sink : sinks) {
    const Owned<GstPad> src = source_of(sink.get());
    const Owned<GstElement> before(src ? gst_pad_get_parent_element(src.get()) : nullptr);
    if (before && (attaches(before.get(), kind) || any_stage_before(before.get(), kind, depth + 1))) return true;
  }
  return false;
}

}  // namespace

Way way_back(GstPad* pad, NoteKind kind) {
  Way way;
  Owned<GstPad> sink(GST_PAD(gst_object_ref(pad)));
  for (int hops = 0; hops < 64; ++hops) {
    const Owned<GstPad> src = source_of(sink.get());
    const Owned<GstElement> element(src ? gst_pad_get_parent_element(src.get()) : nullptr);
    if (!element) return way;
    if (attaches(element.get(), kind)) {
      way.found = true;
      return way;
    }
    if (mixes(element.get())) {
      way.found = any_stage_before(element.get(), kind, 0);
      way.mixed = way.lost.empty() && way.found && follow_mixer(element.get());
      if (way.lost.empty()) way.lost = GST_OBJECT_NAME(element.get());
      return way;
    }
    sink = only_sink(element.get());
    if (!sink) {
      way.found = any_stage_before(element.get(), kind, 0);
      if (way.lost.empty()) way.lost = GST_OBJECT_NAME(element.get());
      return way;
    }
    if (const auto map = effect(element.get(), sink.get(), src.get())) {
      way.map = map->then(way.map);
    } else if (way.lost.empty()) {
      way.lost = GST_OBJECT_NAME(element.get());
    }
  }
  return way;
}

}  // namespace vireo::gst
