// What the pads of vireoinfer do: frames, events and queries in, results out by a separate task. infer_flow.h describes
// the way of a frame.

#include <gst/video/video.h>

#include <utility>

#include "plugins/gst/frame_meta.h"
#include "plugins/gst/infer_element.h"
#include "plugins/gst/video_image.h"

#define GST_CAT_DEFAULT vireoinfer_debug

namespace vireo::gst {
namespace {

using infer::Fate;

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_VIDEO_FORMATS)));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_VIDEO_FORMATS)));

// The library's own macros for this mix two enumerations, which C++20 deprecates.
bool is_serialized(const GstEvent* event) { return guint(GST_EVENT_TYPE(event)) & guint(GST_EVENT_TYPE_SERIALIZED); }
bool is_serialized(const GstQuery* query) { return guint(GST_QUERY_TYPE(query)) & guint(GST_QUERY_TYPE_SERIALIZED); }

// ---- in ------------------------------------------------------------------------------------------------------------

/// Live sources get the newest frame, others every frame; upstream says which it is.
void find_out_live(VireoInfer* self, InferFlow& flow) {
  if (self->state->live_known) return;
  self->state->live_known = true;
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  if (gst_pad_peer_query(self->sinkpad, query)) gst_query_parse_latency(query, &live, nullptr, nullptr);
  gst_query_unref(query);
  flow.set_live(live);
  GST_DEBUG_OBJECT(self, "source is %s", live ? "live" : "not live");
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

void report_drop(VireoInfer* self, const InferFlow& flow, GstClockTime pts, GstClockTime duration,
                 GstClockTime running) {
  GstMessage* message = gst_message_new_qos(GST_OBJECT(self), flow.live(), running, pts, pts, duration);
  const FlowStats stats = flow.stats();
  gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, stats.frames - stats.dropped - stats.late,
                            stats.dropped + stats.late);
  gst_element_post_message(GST_ELEMENT(self), message);
}

bool too_late(VireoInfer* self, GstClockTime running) {
  GST_OBJECT_LOCK(self);
  const InferSettings& settings = self->state->settings;
  const bool late = settings.qos && settings.drop != DropPolicy::never && GST_CLOCK_TIME_IS_VALID(running) &&
                    GST_CLOCK_TIME_IS_VALID(self->state->earliest) && running <= self->state->earliest;
  GST_OBJECT_UNLOCK(self);
  return late;
}

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) {
  VireoInfer* self = self_of(parent);
  const auto flow = flow_of(self);
  if (!flow) {
    gst_buffer_unref(buffer);
    return GST_FLOW_FLUSHING;
  }
  find_out_live(self, *flow);
  const GstClockTime running = running_time(self, buffer);
  if (too_late(self, running)) {
    flow->count_late();
    report_drop(self, *flow, GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer), running);
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
  }
  return flow->push_frame(buffer, capture_age(self, *flow, running));
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
  return true;
}

void flush(VireoInfer* self, InferFlow& flow, bool start);

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
    case GST_EVENT_STREAM_START: self->state->live_known = false; break;
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
  const int held = self->state->settings.max_inflight;
  GST_OBJECT_UNLOCK(self);
  if (!planes) gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  // We hold frames: the pool that they come from needs that many more.
  const guint more = guint(held > 0 ? held : 4) + 4;
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

gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  VireoInfer* self = self_of(parent);
  if (!is_serialized(query)) return gst_pad_query_default(pad, parent, query);
  const auto flow = flow_of(self);
  if (!flow) return FALSE;
  if (GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION) return answer_allocation(self, *flow, query);
  return flow->wait_empty() && gst_pad_peer_query(self->srcpad, query);
}

// ---- out -----------------------------------------------------------------------------------------------------------

GstFlowReturn put_out(VireoInfer* self, InferFlow& flow, FrameTask& frame) {
  if (frame.outcome.fate == Fate::dropped || frame.outcome.fate == Fate::flushed) {
    report_drop(self, flow, GST_BUFFER_PTS(frame.buffer), GST_BUFFER_DURATION(frame.buffer), GST_CLOCK_TIME_NONE);
    return GST_FLOW_OK;
  }
  const InferSettings settings = settings_of(self);
  if (frame.outcome.fate == Fate::failed) {
    if (!self->state->failed) post_error(self, settings, frame.outcome.code, frame.outcome.message.c_str());
    self->state->failed = true;
    gst_pad_push_event(self->srcpad, gst_event_new_eos());
    return GST_FLOW_ERROR;
  }
  GST_OBJECT_LOCK(self);
  const bool planes = self->state->downstream_planes;
  GST_OBJECT_UNLOCK(self);
  GstBuffer* buffer = std::exchange(frame.buffer, nullptr);
  if (!planes && !has_default_layout(buffer, *frame.info)) {
    buffer = with_default_layout(buffer, *frame.info);
    if (!buffer) {
      GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("No memory for a frame."), (nullptr));
      return GST_FLOW_ERROR;
    }
  }
  if (frame.note) {
    buffer = gst_buffer_make_writable(buffer);
    if (settings.regions) attach_regions(buffer, frame.note->result);
    attach_note(buffer, NoteKind::result, frame.note);
  }
  flow.count_out(frame);
  return gst_pad_push(self->srcpad, buffer);
}

void output_loop(gpointer data) {
  VireoInfer* self = self_of(data);
  const auto flow = flow_of(self);
  if (!flow) {
    gst_pad_pause_task(self->srcpad);
    return;
  }
  FlowItem item = flow->next();
  if (item.event) {
    gst_pad_push_event(self->srcpad, item.event);
    flow->done(GST_FLOW_OK);
  } else if (item.frame) {
    // After an error or EOS from downstream frames go nowhere, events still do.
    const GstFlowReturn result = flow->good() ? put_out(self, *flow, *item.frame) : GST_FLOW_OK;
    flow->done(result);
    if (flow->latency_changed()) gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
  } else {
    gst_pad_pause_task(self->srcpad);  // flushing
  }
}

void flush(VireoInfer* self, InferFlow& flow, bool start) {
  if (start) {
    flow.set_flushing(true);
    gst_pad_pause_task(self->srcpad);
    return;
  }
  flow.set_flushing(false);
  GST_OBJECT_LOCK(self);
  self->state->earliest = GST_CLOCK_TIME_NONE;
  GST_OBJECT_UNLOCK(self);
  gst_segment_init(&self->state->segment, GST_FORMAT_TIME);
  gst_pad_start_task(self->srcpad, output_loop, self, nullptr);
}

gboolean activate_src(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active) {
  VireoInfer* self = self_of(parent);
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  const auto flow = flow_of(self);
  if (active) {
    if (!flow) return FALSE;
    flow->set_flushing(false);
    return gst_pad_start_task(pad, output_loop, self, nullptr);
  }
  if (flow) flow->set_flushing(true);
  return gst_pad_stop_task(pad);
}

gboolean activate_sink(GstPad*, GstObject* parent, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  const auto flow = flow_of(self_of(parent));
  if (!active && flow) flow->set_flushing(true);  // lets a blocked chain go
  return TRUE;
}

gboolean src_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  VireoInfer* self = self_of(parent);
  if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
    GstQOSType type;
    gdouble proportion = 1;
    GstClockTimeDiff difference = 0;
    GstClockTime timestamp = 0;
    gst_event_parse_qos(event, &type, &proportion, &difference, &timestamp);
    GST_OBJECT_LOCK(self);
    const bool valid = GST_CLOCK_TIME_IS_VALID(timestamp) && difference > -GstClockTimeDiff(timestamp);
    self->state->earliest = !valid           ? GST_CLOCK_TIME_NONE
                            : difference > 0 ? timestamp + 2 * GstClockTime(difference)
                                             : timestamp - GstClockTime(-difference);
    GST_OBJECT_UNLOCK(self);
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
    if (const auto flow = flow_of(self)) flow->relinked();
  }
  return gst_pad_event_default(pad, parent, event);
}

gboolean src_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  VireoInfer* self = self_of(parent);
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  if (!gst_pad_peer_query(self->sinkpad, query)) return FALSE;
  const auto flow = flow_of(self);
  if (!flow) return TRUE;
  gboolean live = FALSE;
  GstClockTime least = 0, most = GST_CLOCK_TIME_NONE;
  gst_query_parse_latency(query, &live, &least, &most);
  const auto own = GstClockTime(flow->latency_ns());
  gst_query_set_latency(query, live, least + own, GST_CLOCK_TIME_IS_VALID(most) ? most + own : most);
  GST_DEBUG_OBJECT(self, "latency %" GST_TIME_FORMAT " of our own", GST_TIME_ARGS(own));
  return TRUE;
}
}  // namespace

void add_infer_pad_templates(GstElementClass* element_class) {
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
}

void add_infer_pads(VireoInfer* self) {
  self->sinkpad = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(self->sinkpad, chain);
  gst_pad_set_event_function(self->sinkpad, sink_event);
  gst_pad_set_query_function(self->sinkpad, sink_query);
  gst_pad_set_activatemode_function(self->sinkpad, activate_sink);
  GST_PAD_SET_PROXY_CAPS(self->sinkpad);
  gst_element_add_pad(GST_ELEMENT(self), self->sinkpad);
  self->srcpad = gst_pad_new_from_static_template(&src_template, "src");
  gst_pad_set_event_function(self->srcpad, src_event);
  gst_pad_set_query_function(self->srcpad, src_query);
  gst_pad_set_activatemode_function(self->srcpad, activate_src);
  GST_PAD_SET_PROXY_CAPS(self->srcpad);
  gst_element_add_pad(GST_ELEMENT(self), self->srcpad);
}

}  // namespace vireo::gst
