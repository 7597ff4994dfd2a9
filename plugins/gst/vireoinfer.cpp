// vireoinfer: runs a network on the frames that pass and attaches what it finds. A thin shell over InferFlow: pads,
// events, queries, states. See infer_flow.h for the way of a frame. Longer than most files because GStreamer's
// callbacks for one element belong together: each is a few lines, and they share the instance.

#include <gst/video/video.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "plugins/gst/elements.h"
#include "plugins/gst/frame_meta.h"
#include "plugins/gst/infer_flow.h"
#include "plugins/gst/infer_settings.h"
#include "plugins/gst/video_image.h"

GST_DEBUG_CATEGORY_STATIC(vireoinfer_debug);
#define GST_CAT_DEFAULT vireoinfer_debug

namespace {

using namespace vireo;
using gst::FlowItem;
using gst::FrameTask;
using gst::InferFlow;
using infer::Fate;

/// C++ part of the instance. `settings` and `flow` (the pointer) are guarded by the object lock.
struct State {
  gst::InferSettings settings;
  std::shared_ptr<InferFlow> flow;
  GstSegment segment;                           ///< sink side, chain thread
  GstVideoInfo info;                            ///< sink side, chain thread
  bool live_known = false;                      ///< chain thread
  bool downstream_planes = false;               ///< downstream takes GstVideoMeta; object lock
  GstClockTime earliest = GST_CLOCK_TIME_NONE;  ///< running time before which frames are too late; object lock
  bool failed = false;                          ///< an error was posted; output task
};

}  // namespace

struct VireoInfer {
  GstElement parent;
  GstPad *sinkpad, *srcpad;
  State* state;
};
struct VireoInferClass {
  GstElementClass parent_class;
};
G_DEFINE_TYPE(VireoInfer, vireo_infer, GST_TYPE_ELEMENT)

namespace {

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_VIDEO_FORMATS)));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(VIREO_VIDEO_FORMATS)));

// The library's own macros for this mix two enumerations, which C++20 frowns on.
bool is_serialized(const GstEvent* event) { return guint(GST_EVENT_TYPE(event)) & guint(GST_EVENT_TYPE_SERIALIZED); }
bool is_serialized(const GstQuery* query) { return guint(GST_QUERY_TYPE(query)) & guint(GST_QUERY_TYPE_SERIALIZED); }

VireoInfer* self_of(gpointer object) { return reinterpret_cast<VireoInfer*>(object); }

std::shared_ptr<InferFlow> flow_of(VireoInfer* self) {
  GST_OBJECT_LOCK(self);
  auto flow = self->state->flow;
  GST_OBJECT_UNLOCK(self);
  return flow;
}

gst::InferSettings settings_of(VireoInfer* self) {
  GST_OBJECT_LOCK(self);
  gst::InferSettings settings = self->state->settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

// ---- opening and closing -------------------------------------------------------------------------------------------

/// The kind of GStreamer error and what the user can do, for an error of ours.
void post_error(VireoInfer* self, const gst::InferSettings& settings, ErrorCode code, const char* message) {
  const char* file = settings.model.c_str();
  switch (code) {
    case ErrorCode::not_found:
      GST_ELEMENT_ERROR(self, RESOURCE, NOT_FOUND, ("%s", message),
                        ("model=%s; check the path and the names given", file));
      break;
    case ErrorCode::invalid_argument:
      GST_ELEMENT_ERROR(
          self, LIBRARY, SETTINGS, ("%s", message),
          ("model=%s; change the property named above, 'gst-inspect-1.0 vireoinfer' explains each", file));
      break;
    case ErrorCode::invalid_model:
    case ErrorCode::unsupported:
      GST_ELEMENT_ERROR(
          self, STREAM, FORMAT, ("%s", message),
          ("model=%s; 'vireo inspect' shows the model, decoder= or decoder=none overrides the choice", file));
      break;
    case ErrorCode::out_of_memory:
      GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("%s", message),
                        ("model=%s; lower batch-size, contexts or input-size", file));
      break;
    case ErrorCode::io: GST_ELEMENT_ERROR(self, RESOURCE, READ, ("%s", message), ("model=%s", file)); break;
    default: GST_ELEMENT_ERROR(self, LIBRARY, FAILED, ("%s", message), ("model=%s", file));
  }
}

bool open_flow(VireoInfer* self) {
  const gst::InferSettings settings = settings_of(self);
  if (settings.model.empty()) {
    GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("No model is set."), ("set model=FILE.onnx or model=FILE.plan"));
    return false;
  }
  try {
    auto model = infer::Model::open(settings.model_options());
    auto session = std::make_shared<infer::Session>(std::move(model), settings.decoder, settings.params());
    GST_INFO_OBJECT(self, "%s", session->summary().c_str());
    const std::string id = settings.source_id.empty() ? GST_OBJECT_NAME(self) : settings.source_id;
    auto flow = std::make_shared<InferFlow>(std::move(session), settings, id);
    GST_OBJECT_LOCK(self);
    self->state->flow = std::move(flow);
    self->state->earliest = GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK(self);
  } catch (const Error& error) {
    post_error(self, settings, error.code(), error.what());
    return false;
  } catch (const std::exception& error) {
    post_error(self, settings, ErrorCode::internal, error.what());
    return false;
  }
  self->state->live_known = false;
  self->state->failed = false;
  gst_segment_init(&self->state->segment, GST_FORMAT_TIME);
  return true;
}

void close_flow(VireoInfer* self) {
  GST_OBJECT_LOCK(self);
  std::shared_ptr<InferFlow> flow = std::move(self->state->flow);
  self->state->flow.reset();
  GST_OBJECT_UNLOCK(self);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  VireoInfer* self = self_of(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_flow(self)) return GST_STATE_CHANGE_FAILURE;
  const auto result = GST_ELEMENT_CLASS(vireo_infer_parent_class)->change_state(element, transition);
  const bool opened_in_vain = transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || opened_in_vain) close_flow(self);
  return result;
}

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
  const State& state = *self->state;
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
  const gst::FlowStats stats = flow.stats();
  gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, stats.frames - stats.dropped - stats.late,
                            stats.dropped + stats.late);
  gst_element_post_message(GST_ELEMENT(self), message);
}

bool too_late(VireoInfer* self, GstClockTime running) {
  GST_OBJECT_LOCK(self);
  const gst::InferSettings& settings = self->state->settings;
  const bool late = settings.qos && settings.drop != gst::DropPolicy::never && GST_CLOCK_TIME_IS_VALID(running) &&
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

/// Downstream's wishes for buffers hold for our input too, as frames pass through; planes anywhere are fine with us,
/// and put_out() lays them out anew for a downstream that can't take them.
gboolean answer_allocation(VireoInfer* self, InferFlow& flow, GstQuery* query) {
  if (!flow.wait_empty()) return FALSE;
  gst_pad_peer_query(self->srcpad, query);
  const bool planes = gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  GST_OBJECT_LOCK(self);
  self->state->downstream_planes = planes;
  const int held = self->state->settings.max_inflight;
  GST_OBJECT_UNLOCK(self);
  if (!planes) gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  // We hold on to frames: whoever fills a pool needs that many more of them.
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
  const gst::InferSettings settings = settings_of(self);
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
  if (!planes && !gst::has_default_layout(buffer, *frame.info)) {
    buffer = gst::with_default_layout(buffer, *frame.info);
    if (!buffer) {
      GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("No memory for a frame."), (nullptr));
      return GST_FLOW_ERROR;
    }
  }
  if (frame.note) {
    buffer = gst_buffer_make_writable(buffer);
    if (settings.regions) gst::attach_regions(buffer, frame.note->result);
    gst::attach_note(buffer, gst::NoteKind::result, frame.note);
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

// ---- properties ----------------------------------------------------------------------------------------------------

GstStructure* stats_of(VireoInfer* self) {
  const auto flow = flow_of(self);
  GstStructure* structure = gst_structure_new_empty("vireoinfer-stats");
  if (!flow) return structure;
  const gst::FlowStats stats = flow->stats();
  const auto session = flow->session();
  const infer::BatcherStats batches = session->model().batcher().stats();
  const auto number = [&](const char* name, double value) {
    gst_structure_set(structure, name, G_TYPE_DOUBLE, value, nullptr);
  };
  const auto count = [&](const char* name, std::uint64_t value) {
    gst_structure_set(structure, name, G_TYPE_UINT64, guint64(value), nullptr);
  };
  count("frames", stats.frames);
  count("inferred", stats.inferred);
  count("passed", stats.passed);
  count("dropped", stats.dropped);
  count("late", stats.late);
  count("failed", stats.failed);
  number("fps", stats.fps);
  number("latency-mean-ms", stats.latency.mean_ms());
  number("latency-p50-ms", stats.latency.percentile_ms(0.5));
  number("latency-p90-ms", stats.latency.percentile_ms(0.9));
  number("latency-p99-ms", stats.latency.percentile_ms(0.99));
  number("latency-max-ms", stats.latency.max_ms());
  number("engine-busy-s", std::chrono::duration<double>(batches.busy).count());
  count("engine-images", batches.images);
  count("engine-batches", batches.batches);
  number("engine-load-s", session->model().load_seconds());
  gst_structure_set(structure, "live", G_TYPE_BOOLEAN, flow->live(), "decoder", G_TYPE_STRING,
                    session->decoder().c_str(), "model", G_TYPE_STRING, session->summary().c_str(), nullptr);
  return structure;
}

/// Hands new settings to a running flow; a session that can't be is reported and the old one stays.
void apply_settings(VireoInfer* self, bool session_changed) {
  const auto flow = flow_of(self);
  if (!flow) return;
  const gst::InferSettings settings = settings_of(self);
  std::shared_ptr<infer::Session> session;
  try {
    if (session_changed) {
      const std::shared_ptr<infer::Session> old = flow->session();
      session = std::make_shared<infer::Session>(old->shared_model(), settings.decoder, settings.params());
    }
    flow->configure(settings, std::move(session));
  } catch (const std::exception& error) {
    GST_ELEMENT_WARNING(self, LIBRARY, SETTINGS, ("%s", error.what()), ("the earlier settings stay in use"));
  }
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  VireoInfer* self = self_of(object);
  bool session_changed = false;
  GST_OBJECT_LOCK(self);
  const bool known = gst::set_infer_property(self->state->settings, id, value, session_changed);
  GST_OBJECT_UNLOCK(self);
  if (!known) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    return;
  }
  apply_settings(self, session_changed);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  VireoInfer* self = self_of(object);
  if (id == gst::kInferStatsProperty) {
    g_value_take_boxed(value, stats_of(self));
    return;
  }
  if (!gst::get_infer_property(settings_of(self), id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void finalize(GObject* object) {
  delete self_of(object)->state;
  G_OBJECT_CLASS(vireo_infer_parent_class)->finalize(object);
}

}  // namespace

static void vireo_infer_class_init(VireoInferClass* klass) {
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  gst::install_infer_properties(object_class);
  g_object_class_install_property(
      object_class, gst::kInferStatsProperty,
      g_param_spec_boxed(
          "stats", "Statistics",
          "Figures since PAUSED: frames, inferred, passed, dropped (a newer frame came), late (the sink had no use), "
          "failed, fps, latency-*-ms (arrival or capture to result), engine-* (of the shared engine). Read-only.",
          GST_TYPE_STRUCTURE, GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  element_class->change_state = change_state;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Vireo inference", "Filter/Analyzer/Video",
                                        "Runs a neural network (ONNX or Vireo plan) on video frames, asynchronously "
                                        "and batched across streams, and attaches "
                                        "detections, classes and landmarks as metadata",
                                        "The Vireo project");
  GST_DEBUG_CATEGORY_INIT(vireoinfer_debug, "vireoinfer", 0, "Vireo inference element");
}

static void vireo_infer_init(VireoInfer* self) {
  self->state = new State;
  gst_segment_init(&self->state->segment, GST_FORMAT_TIME);
  gst_video_info_init(&self->state->info);
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

gboolean vireo::gst::register_vireoinfer(GstPlugin* plugin) {
  return gst_element_register(plugin, "vireoinfer", GST_RANK_NONE, vireo_infer_get_type());
}
