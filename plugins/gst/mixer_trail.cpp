#include "plugins/gst/mixer_trail.h"

#include <gst/base/gstaggregator.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace vireo::gst {
namespace {

struct ObjectUnref {
  void operator()(gpointer object) const { gst_object_unref(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, ObjectUnref>;

constexpr NoteKind kKinds[] = {NoteKind::result, NoteKind::truth};

struct Extent {
  int width = 0, height = 0;
};

/// What the next picture of a mixer carries.
struct Follower {
  struct Shown {
    NotePointer note;
    int times = 0;  ///< pictures that it was in before
  };
  std::mutex mutex;
  NotePointer next[2];                      ///< by kind
  std::map<const GstPad*, Shown> shown[2];  ///< by input: a frame that is mixed again is old
};

GQuark follower_quark() {
  static const GQuark quark = g_quark_from_static_string("vireo-mixer-follower");
  return quark;
}

Extent extent_of(GstCaps* caps) {
  GstVideoInfo info;
  if (!caps || !gst_video_info_from_caps(&info, caps)) return {};
  return {GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info)};
}

bool has_property(gpointer object, const char* name) {
  return g_object_class_find_property(G_OBJECT_GET_CLASS(object), name) != nullptr;
}

int number(GstPad* pad, const char* name) {
  gint value = 0;
  g_object_get(pad, name, &value, nullptr);
  return value;
}

/// Where the mixer puts the pad's picture. A size of 0 or less is the picture's own.
sdk::Affine place_of(GstPad* pad, Extent in) {
  const int wanted_width = number(pad, "width"), wanted_height = number(pad, "height");
  const double width = wanted_width > 0 ? wanted_width : in.width,
               height = wanted_height > 0 ? wanted_height : in.height;
  double sx = width / in.width, sy = height / in.height, x = number(pad, "xpos"), y = number(pad, "ypos");
  if (has_property(pad, "sizing-policy")) {
    gint policy = 0;
    g_object_get(pad, "sizing-policy", &policy, nullptr);
    if (policy == 1) {  // keep-aspect-ratio, in the middle
      sx = sy = std::min(sx, sy);
      x += (width - sx * in.width) / 2;
      y += (height - sy * in.height) / 2;
    }
  }
  return {sx, 0, x, 0, sy, y};
}

bool is_seen(GstPad* pad) {
  gdouble alpha = 1;
  if (has_property(pad, "alpha")) g_object_get(pad, "alpha", &alpha, nullptr);
  return alpha > 0;
}

/// Adds what the pad's frame carries, as it lies in the mixer's picture.
void add_input(Follower& follower, int kind, GstPad* pad, GstSample* sample, Extent out, NotePointer& sum) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  const Extent in = extent_of(gst_sample_get_caps(sample));
  if (!buffer || in.width < 1 || in.height < 1) return;
  const NotePointer note = read_note(buffer, kKinds[kind], pad, in.width, in.height);
  Follower::Shown& shown = follower.shown[kind][pad];
  shown.times = note && shown.note == note ? shown.times + 1 : 0;
  shown.note = note;
  if (!note || !is_seen(pad)) return;
  auto moved = std::make_shared<FrameNote>(*note);
  sdk::transform_result(moved->result, place_of(pad, in), out.width, out.height);
  moved->age += shown.times;
  if (sum) {
    auto all = std::make_shared<FrameNote>(*sum);
    sdk::merge_result(all->result, std::move(moved->result));
    all->age = std::min(all->age, moved->age);
    all->latency_ns = std::max(all->latency_ns, moved->latency_ns);
    all->tensors.insert(all->tensors.end(), moved->tensors.begin(), moved->tensors.end());
    sum = std::move(all);
  } else {
    sum = std::move(moved);
  }
}

/// The mixer has chosen its frames; its picture comes next, from the same thread.
void frames_chosen(GstAggregator* mixer, GstSegment*, guint64, guint64, guint64, GstStructure*, gpointer data) {
  auto& follower = *static_cast<Follower*>(data);
  GstCaps* caps = gst_pad_get_current_caps(GST_AGGREGATOR_SRC_PAD(mixer));
  const Extent out = extent_of(caps);
  if (caps) gst_caps_unref(caps);
  std::vector<Owned<GstPad>> pads;
  GST_OBJECT_LOCK(mixer);
  for (GList* at = GST_ELEMENT(mixer)->sinkpads; at; at = at->next)
    pads.emplace_back(GST_PAD(gst_object_ref(at->data)));
  GST_OBJECT_UNLOCK(mixer);
  NotePointer sums[2];
  std::lock_guard lock(follower.mutex);
  for (const auto& pad : pads) {
    if (out.width < 1 || !GST_IS_AGGREGATOR_PAD(pad.get()) || !has_property(pad.get(), "xpos")) continue;
    GstSample* sample = gst_aggregator_peek_next_sample(mixer, GST_AGGREGATOR_PAD(pad.get()));
    if (!sample) continue;
    for (int kind = 0; kind < 2; ++kind) add_input(follower, kind, pad.get(), sample, out, sums[kind]);
    gst_sample_unref(sample);
  }
  for (int kind = 0; kind < 2; ++kind) {
    std::erase_if(follower.shown[kind], [&](const auto& one) {
      return std::none_of(pads.begin(), pads.end(), [&](const auto& pad) { return pad.get() == one.first; });
    });
    follower.next[kind] = std::move(sums[kind]);
  }
}

GstPadProbeReturn picture_made(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& follower = *static_cast<Follower*>(data);
  std::lock_guard lock(follower.mutex);
  if (!follower.next[0] && !follower.next[1]) return GST_PAD_PROBE_OK;
  GstBuffer* picture = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  for (int kind = 0; kind < 2; ++kind) {
    if (!follower.next[kind]) continue;
    if (kKinds[kind] == NoteKind::result) {
      attach_regions(picture, follower.next[kind]->result);
      attach_analytics(picture, follower.next[kind]->result);
    }
    attach_note(picture, kKinds[kind], std::move(follower.next[kind]));
    follower.next[kind].reset();
  }
  info->data = picture;
  return GST_PAD_PROBE_OK;
}

void visit(GstElement* element, int depth);

/// The element behind a source pad, past the borders of bins.
void visit_behind(GstPad* src, int depth) {
  Owned<GstPad> peer(gst_pad_get_peer(src));
  while (peer && GST_IS_PROXY_PAD(peer.get())) {
    if (GST_IS_GHOST_PAD(peer.get())) {  // into a bin
      peer.reset(gst_ghost_pad_get_target(GST_GHOST_PAD(peer.get())));
    } else {  // out of one
      GstObject* ghost = GST_OBJECT_PARENT(peer.get());
      peer.reset(ghost ? gst_pad_get_peer(GST_PAD(ghost)) : nullptr);
    }
  }
  const Owned<GstElement> element(peer ? gst_pad_get_parent_element(peer.get()) : nullptr);
  if (element) visit(element.get(), depth);
}

void visit(GstElement* element, int depth) {
  constexpr int kDeepest = 64;
  if (depth > kDeepest) return;
  (void)follow_mixer(element);
  std::vector<Owned<GstPad>> pads;
  GST_OBJECT_LOCK(element);
  for (GList* at = element->srcpads; at; at = at->next) pads.emplace_back(GST_PAD(gst_object_ref(at->data)));
  GST_OBJECT_UNLOCK(element);
  for (const auto& pad : pads) visit_behind(pad.get(), depth + 1);
}

}  // namespace

bool is_followed(GstElement* element) { return g_object_get_qdata(G_OBJECT(element), follower_quark()) != nullptr; }

bool follow_mixer(GstElement* element) {
  if (is_followed(element)) return true;
  const GType mixers = g_type_from_name("GstVideoAggregator");
  if (mixers == 0 || !g_type_is_a(G_OBJECT_TYPE(element), mixers)) return false;
  Owned<GstPad> pad;
  GST_OBJECT_LOCK(element);
  if (element->sinkpads) pad.reset(GST_PAD(gst_object_ref(element->sinkpads->data)));
  GST_OBJECT_UNLOCK(element);
  if (!pad) return false;
  for (const char* name : {"xpos", "ypos", "width", "height"})
    if (!has_property(pad.get(), name)) return false;
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  if (is_followed(element)) return true;
  auto* follower = new Follower;
  g_object_set_qdata_full(G_OBJECT(element), follower_quark(), follower,
                          [](gpointer data) { delete static_cast<Follower*>(data); });
  g_object_set(element, "emit-signals", TRUE, nullptr);
  g_signal_connect(element, "samples-selected", G_CALLBACK(frames_chosen), follower);
  gst_pad_add_probe(GST_AGGREGATOR_SRC_PAD(element), GST_PAD_PROBE_TYPE_BUFFER, picture_made, follower, nullptr);
  return true;
}

void follow_mixers_behind(GstPad* src) { visit_behind(src, 0); }

}  // namespace vireo::gst
