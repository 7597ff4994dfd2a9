// The sink pad of vireoinfer: frames, events and queries come in. flow.h describes the way of a frame.

#include <gst/video/video.h>

#include <utility>

#include "plugins/gst/frame_meta.h"
#include "plugins/gst/mixer_trail.h"
#include "plugins/gst/picture_name.h"
#include "plugins/gst/video_image.h"
#include "plugins/gst/vireoinfer/element.h"

#define GST_CAT_DEFAULT vireoinfer_debug

namespace vireo::gst {
namespace {

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_INPUT_FORMATS)));

// The library's own macros for this mix two enumerations, which C++20 deprecates.
bool is_serialized(const GstEvent* event) { return guint(GST_EVENT_TYPE(event)) & guint(GST_EVENT_TYPE_SERIALIZED); }
bool is_serialized(const GstQuery* query) { return guint(GST_QUERY_TYPE(query)) & guint(GST_QUERY_TYPE_SERIALIZED); }

/// Live sources get the newest frame, others every frame; upstream says which it is. As long as it doesn't, every frame
/// is kept, and it is asked again.
void find_out_live(VireoInfer* self, InferFlow& flow) {
  if (self->state->live_known) return;
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(self->sinkpad, query)) {
    gst_query_parse_latency(query, &live, nullptr, nullptr);
    self->state->live_known = true;
    flow.set_live(live);
    GST_DEBUG_OBJECT(self, "source is %s", live ? "live" : "not live");
  } else {
    GST_LOG_OBJECT(self, "upstream can't say yet whether it is live");
  }
  gst_query_unref(query);
}

/// The file of a single picture; empty for videos, whose frames have times instead, and for addresses, which may hold
/// passwords.
const std::string& picture_uri(VireoInfer* self, const InferFlow& flow) {
  InferState& state = *self->state;
  if (state.uri_known || flow.live() || GST_VIDEO_INFO_FPS_N(&state.info) != 0) return state.uri;
  state.uri_known = true;
  GstQuery* query = gst_query_new_uri();
  gchar* uri = nullptr;
  if (gst_pad_peer_query(self->sinkpad, query)) gst_query_parse_uri(query, &uri);
  gst_query_unref(query);
  if (uri && g_str_has_prefix(uri, "file:")) state.uri = uri;
  g_free(uri);
  return state.uri;
}

/// The time of capture where the buffer carries one, else what a live source's age says; -1: unknown.
std::int64_t capture_utc(GstBuffer* buffer, bool live, std::int64_t age_ns) {
  constexpr std::int64_t kNtpEpoch = 2208988800;  // seconds from 1900 to 1970
  static GstCaps* const unix_caps = gst_caps_from_string("timestamp/x-unix");
  static GstCaps* const ntp_caps = gst_caps_from_string("timestamp/x-ntp");
  if (const auto* stamp = gst_buffer_get_reference_timestamp_meta(buffer, unix_caps)) {
    return std::int64_t(stamp->timestamp);
  }
  if (const auto* stamp = gst_buffer_get_reference_timestamp_meta(buffer, ntp_caps)) {
    return std::int64_t(stamp->timestamp) - kNtpEpoch * std::int64_t(GST_SECOND);
  }
  return live ? g_get_real_time() * 1000 - age_ns : -1;
}

GstClockTime running_time(VireoInfer* self, GstBuffer* buffer) {
  const InferState& state = *self->state;
  if (state.segment.format != GST_FORMAT_TIME || !GST_BUFFER_PTS_IS_VALID(buffer)) return GST_CLOCK_TIME_NONE;
  return gst_segment_to_running_time(&state.segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
}

/// Nanoseconds since the frame was captured, for live sources whose timestamps say when that was.
std::int64_t capture_age(VireoInfer* self, const InferFlow& flow, GstClockTime running) {
  if (!flow.live() || !GST_CLOCK_TIME_IS_VALID(running)) return 0;
  GstClock* clock = gst_element_get_clock(GST_ELEMENT(self));
  if (!clock) return 0;
  const GstClockTime now = gst_clock_get_time(clock), base = gst_element_get_base_time(GST_ELEMENT(self));
  gst_object_unref(clock);
  return now > base + running ? std::int64_t(now - base - running) : 0;
}

FrameFacts facts_of(VireoInfer* self, InferFlow& flow, GstBuffer* buffer) {
  const InferState& state = *self->state;
  FrameFacts facts;
  facts.running = running_time(self, buffer);
  if (state.segment.format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(buffer)) {
    facts.stream = gst_segment_to_stream_time(&state.segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  }
  facts.earlier = read_note(buffer, NoteKind::result, self->sinkpad, GST_VIDEO_INFO_WIDTH(&state.info),
                            GST_VIDEO_INFO_HEIGHT(&state.info));
  facts.age_ns = capture_age(self, flow, facts.running);
  facts.utc_ns = capture_utc(buffer, flow.live(), facts.age_ns);
  if (!flow.live() && facts.earlier) facts.age_ns = facts.earlier->latency_ns;
  const std::string* name = find_picture_name(buffer);
  facts.uri = name ? *name : picture_uri(self, flow);
  return facts;
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) {
  VireoInfer* self = self_of(parent);
  const auto flow = flow_of(self);
  if (!flow) {
    gst_buffer_unref(buffer);
    return GST_FLOW_FLUSHING;
  }
  find_out_live(self, *flow);
  FrameFacts facts = facts_of(self, *flow, buffer);
  GstFlowReturn result = GST_FLOW_OK;
  if (too_late(self, *flow, facts.running)) {
    flow->drop_late(facts, GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer));
    gst_buffer_unref(buffer);
  } else {
    result = flow->push_frame(buffer, std::move(facts));
  }
  report(self, *flow);
  return result;
}

/// A picture's place may come as a tag of its own.
void read_tags(VireoInfer* self, GstEvent* event) {
  GstTagList* tags = nullptr;
  gchar* location = nullptr;
  gst_event_parse_tag(event, &tags);
  if (!gst_tag_list_get_string(tags, GST_TAG_LOCATION, &location)) return;
  self->state->uri = location;
  self->state->uri_known = true;
  g_free(location);
}

bool set_caps(VireoInfer* self, InferFlow& flow, GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  if (!gst_video_info_from_caps(&self->state->info, caps)) {
    GST_ELEMENT_ERROR(self, STREAM, FORMAT, ("The video format can't be read."),
                      ("caps %" GST_PTR_FORMAT "; put videoconvert before this element", caps));
    return false;
  }
  flow.set_info(self->state->info);
  follow_mixers_behind(self->srcpad);
  return true;
}

gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  VireoInfer* self = self_of(parent);
  const auto flow = flow_of(self);
  if (!flow) return gst_pad_event_default(pad, parent, event);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP: {
      const bool start = GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_START;
      const gboolean result = gst_pad_push_event(self->srcpad, event);
      flush(self, *flow, start);
      return result;
    }
    case GST_EVENT_CAPS:
      if (!set_caps(self, *flow, event)) {
        gst_event_unref(event);
        return FALSE;
      }
      break;
    case GST_EVENT_SEGMENT: gst_event_copy_segment(event, &self->state->segment); break;
    case GST_EVENT_TAG: read_tags(self, event); break;
    case GST_EVENT_STREAM_START:
      self->state->live_known = self->state->uri_known = false;
      self->state->uri.clear();
      break;
    default: break;
  }
  return is_serialized(event) ? flow->push_event(event) : gst_pad_push_event(self->srcpad, event);
}

/// Downstream's requirements on buffers hold for our input too, since frames pass through. Planes may lie anywhere:
/// put_out() rearranges them for a downstream that needs that.
gboolean answer_allocation(VireoInfer* self, InferFlow& flow, GstQuery* query) {
  if (!flow.wait_empty()) return FALSE;
  gst_pad_peer_query(self->srcpad, query);
  const bool planes = gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  GST_OBJECT_LOCK(self);
  self->state->downstream_planes = planes;
  GST_OBJECT_UNLOCK(self);
  if (!planes) gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  // We hold frames: the pool that they come from needs that many more, and one that upstream fills meanwhile.
  const guint more = guint(flow.frames_held()) + 1;
  if (gst_query_get_n_allocation_pools(query) == 0) {
    GstCaps* caps = nullptr;
    GstVideoInfo info;
    gst_query_parse_allocation(query, &caps, nullptr);
    if (caps && gst_video_info_from_caps(&info, caps)) {
      gst_query_add_allocation_pool(query, nullptr, guint(GST_VIDEO_INFO_SIZE(&info)), more, 0);
    }
    return TRUE;
  }
  GstBufferPool* pool = nullptr;
  guint size = 0, least = 0, most = 0;
  gst_query_parse_nth_allocation_pool(query, 0, &pool, &size, &least, &most);
  gst_query_set_nth_allocation_pool(query, 0, most == 0 ? pool : nullptr, size, least + more, 0);
  if (pool) gst_object_unref(pool);
  return TRUE;
}

/// Memory that is no processor's: whoever fixes caps to it gets an error without words from its own element.
void tell_of_memory(VireoInfer* self, GstQuery* query) {
  GstCaps* caps = nullptr;
  gboolean accepted = TRUE;
  gst_query_parse_accept_caps(query, &caps);
  gst_query_parse_accept_caps_result(query, &accepted);
  if (accepted || !caps || gst_caps_is_empty(caps) || gst_caps_is_any(caps)) return;
  GstCapsFeatures* features = gst_caps_get_features(caps, 0);
  if (!features || gst_caps_features_is_any(features) || gst_caps_features_get_size(features) == 0 ||
      gst_caps_features_contains(features, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY))
    return;
  gchar* memory = gst_caps_features_to_string(features);
  GST_ELEMENT_WARNING(self, STREAM, FORMAT, ("Frames in %s can't be looked at.", memory),
                      ("accepted is the memory of the processor, also dmabuf memory under plain caps; put vapostproc, "
                       "gldownload, nvvideoconvert or what the maker of the device has before this element"));
  g_free(memory);
}

gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  VireoInfer* self = self_of(parent);
  if (!is_serialized(query)) {
    const gboolean answered = gst_pad_query_default(pad, parent, query);
    if (answered && GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS) tell_of_memory(self, query);
    return answered;
  }
  const auto flow = flow_of(self);
  if (!flow) return FALSE;
  if (GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION) return answer_allocation(self, *flow, query);
  return flow->wait_empty() && gst_pad_peer_query(self->srcpad, query);
}

gboolean activate_sink(GstPad*, GstObject* parent, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  const auto flow = flow_of(self_of(parent));
  if (!active && flow) flow->set_flushing(true);  // lets a blocked chain go
  return TRUE;
}

}  // namespace

void add_sink_pad(VireoInfer* self) {
  self->sinkpad = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(self->sinkpad, chain);
  gst_pad_set_event_function(self->sinkpad, sink_event);
  gst_pad_set_query_function(self->sinkpad, sink_query);
  gst_pad_set_activatemode_function(self->sinkpad, activate_sink);
  GST_PAD_SET_PROXY_CAPS(self->sinkpad);
  gst_element_add_pad(GST_ELEMENT(self), self->sinkpad);
}

void add_sink_template(GstElementClass* element_class) {
  gst_element_class_add_static_pad_template(element_class, &sink_template);
}

}  // namespace vireo::gst
