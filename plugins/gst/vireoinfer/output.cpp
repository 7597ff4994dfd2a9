// The source pad of vireoinfer: its own task puts frames and events out, with what was found; queries and the sink's
// word on quality come back.

#include <gst/video/video.h>

#include <optional>
#include <string>
#include <utility>

#include "engine/api/log.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/gst/video_image.h"
#include "plugins/gst/vireoinfer/element.h"

#define GST_CAT_DEFAULT vireoinfer_debug

namespace vireo::gst {
namespace {

using infer::Fate;

GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_INPUT_FORMATS)));

/// Adds what was found to what earlier stages found, in all the ways that others read it.
GstBuffer* with_results(GstBuffer* buffer, const FrameTask& frame, const InferSettings& settings) {
  buffer = gst_buffer_make_writable(buffer);
  const NotePointer& earlier = frame.facts.earlier;
  add_note(buffer, earlier, frame.note);
  const sdk::FrameResult& all = find_note(buffer, NoteKind::result)->result;
  const std::size_t first = all.detections.size() - frame.note->result.detections.size();
  if (settings.regions) attach_regions(buffer, all, first);
  if (settings.analytics) attach_analytics(buffer, all, first);
  return buffer;
}

GstFlowReturn put_out(VireoInfer* self, InferFlow& flow, FrameTask& frame, bool discont) {
  if (frame.outcome.fate == Fate::dropped || frame.outcome.fate == Fate::flushed || !frame.buffer) return GST_FLOW_OK;
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
  if (frame.note) buffer = with_results(buffer, frame, settings);
  if (discont) {
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
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
    const bool end = GST_EVENT_TYPE(item.event) == GST_EVENT_EOS;
    // Whoever pushed the frames would end the pipeline on downstream's refusal; after EOS only we are left to.
    const GstFlowReturn refusal = end && !self->state->failed ? flow->unheard() : GST_FLOW_OK;
    if (refusal != GST_FLOW_OK) GST_ELEMENT_FLOW_ERROR(self, refusal);
    gst_pad_push_event(self->srcpad, item.event);
    flow->done(GST_FLOW_OK);
  } else if (item.frame) {
    // After an error or EOS from downstream frames go nowhere, events still do.
    const GstFlowReturn result = flow->good() ? put_out(self, *flow, *item.frame, item.discont) : GST_FLOW_OK;
    item.frame.reset();
    flow->done(result);
    report(self, *flow);
    if (flow->latency_changed()) gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
  } else {
    gst_pad_pause_task(self->srcpad);  // flushing
  }
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
    // What a decoder does, to skip twice the delay so as to catch up, would leave the network idle: frames of live
    // sources come no sooner for it.
    self->state->earliest = valid ? GstClockTime(GstClockTimeDiff(timestamp) + difference) : GST_CLOCK_TIME_NONE;
    self->state->proportion = proportion;
    GST_OBJECT_UNLOCK(self);
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
    if (const auto flow = flow_of(self)) flow->relinked();
  }
  return gst_pad_event_default(pad, parent, event);
}

GstClockTime frame_duration(VireoInfer* self) {
  GstCaps* caps = gst_pad_get_current_caps(self->sinkpad);
  GstVideoInfo info;
  const bool rate = caps && gst_video_info_from_caps(&info, caps) && GST_VIDEO_INFO_FPS_N(&info) > 0;
  if (caps) gst_caps_unref(caps);
  constexpr GstClockTime kUsual = GST_SECOND / 30;
  return rate ? gst_util_uint64_scale(GST_SECOND, guint64(GST_VIDEO_INFO_FPS_D(&info)),
                                      guint64(GST_VIDEO_INFO_FPS_N(&info)))
              : kUsual;
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
  // What we can hold back at most: the frames that fit in here. Where older ones then lose their place, that is also
  // the most that there can be before us.
  const GstClockTime room = own + flow->frames_held() * frame_duration(self);
  if (GST_CLOCK_TIME_IS_VALID(most)) most += room;
  else if (flow->drops_frames()) most = least + room;
  gst_query_set_latency(query, live, least + own, most);
  GST_DEBUG_OBJECT(self, "latency %" GST_TIME_FORMAT " of our own, room for %" GST_TIME_FORMAT, GST_TIME_ARGS(own),
                   GST_TIME_ARGS(room));
  return TRUE;
}

void tell_service(VireoInfer* self, const InferFlow& flow, const Service& service) {
  const char* network = service.smaller ? "smaller" : "usual";
  log(LogLevel::info, "'" + flow.source_id() + "': " + (service.overloaded ? "overloaded" : "keeps up again") +
                          ", every " + std::to_string(service.interval) + ". frame is inferred, by the " + network +
                          " network");
  gst_element_post_message(
      GST_ELEMENT(self),
      gst_message_new_element(GST_OBJECT(self),
                              gst_structure_new("vireoinfer-service", "overloaded", G_TYPE_BOOLEAN, service.overloaded,
                                                "network", G_TYPE_STRING, network, "interval", G_TYPE_INT,
                                                service.interval, "load", G_TYPE_DOUBLE, service.load, nullptr)));
}

}  // namespace

void report(VireoInfer* self, InferFlow& flow) {
  for (const Drop& drop : flow.take_drops()) {
    GstMessage* message =
        gst_message_new_qos(GST_OBJECT(self), flow.live(), drop.running, drop.stream, drop.timestamp, drop.duration);
    GST_OBJECT_LOCK(self);
    const GstClockTime earliest = self->state->earliest;
    const gdouble proportion = self->state->proportion;
    GST_OBJECT_UNLOCK(self);
    const bool timed = GST_CLOCK_TIME_IS_VALID(earliest) && GST_CLOCK_TIME_IS_VALID(drop.running);
    gst_message_set_qos_values(message, timed ? GST_CLOCK_DIFF(drop.running, earliest) : 0, proportion, 1000000);
    gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, drop.processed, drop.dropped);
    gst_element_post_message(GST_ELEMENT(self), message);
  }
  if (const std::optional<Service> service = flow.service_change()) tell_service(self, flow, *service);
}

bool too_late(VireoInfer* self, const InferFlow& flow, GstClockTime running) {
  if (!flow.drops_frames()) return false;
  GST_OBJECT_LOCK(self);
  const bool late = self->state->settings.qos && GST_CLOCK_TIME_IS_VALID(running) &&
                    GST_CLOCK_TIME_IS_VALID(self->state->earliest) && running <= self->state->earliest;
  GST_OBJECT_UNLOCK(self);
  return late;
}

void flush(VireoInfer* self, InferFlow& flow, bool start) {
  if (start) {
    // Upstream sends caps and the like once: what a flush finds on the way is put out with the next frame.
    flow.set_flushing(true, [&](GstEvent* event) {
      gst_pad_store_sticky_event(self->srcpad, event);
      gst_event_unref(event);
    });
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

void add_src_pad(VireoInfer* self) {
  self->srcpad = gst_pad_new_from_static_template(&src_template, "src");
  gst_pad_set_event_function(self->srcpad, src_event);
  gst_pad_set_query_function(self->srcpad, src_query);
  gst_pad_set_activatemode_function(self->srcpad, activate_src);
  GST_PAD_SET_PROXY_CAPS(self->srcpad);
  gst_element_add_pad(GST_ELEMENT(self), self->srcpad);
}

void add_src_template(GstElementClass* element_class) {
  gst_element_class_add_static_pad_template(element_class, &src_template);
}

}  // namespace vireo::gst
