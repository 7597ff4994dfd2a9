// Building a pipeline, branch by branch, and the probes that count what passes through one.

#include <gst/gst.h>

#include <algorithm>

#include "app/deployment/sinks.h"
#include "app/deployment/sources.h"
#include "app/deployment/state.h"
#include "engine/api/log.h"
#include "plugins/gst/frame_meta.h"

namespace vireo::deployment {
namespace {

/// Counts, gives times to frames without, and ends the branch after max_frames or on request: by its own EOS, because
/// sources handle one in different ways.
GstPadProbeReturn frame_in(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& branch = *static_cast<Branch*>(data);
  Pipeline::State& state = *branch.owner;
  const std::uint64_t limit = state.config.max_frames;
  const bool end = state.stopping || (limit > 0 && branch.frames_in >= limit);
  if (end) {
    if (!branch.ended.exchange(true)) gst_pad_send_event(pad, gst_event_new_eos());
    gst_buffer_unref(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_EOS;
    return GST_PAD_PROBE_HANDLED;
  }
  std::int64_t none = 0;
  state.first_in.compare_exchange_strong(none, now_ns());
  state.last_progress = now_ns();
  ++branch.frames_in;
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) {
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_PTS(buffer) = branch.next_pts;
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
  }
  // A frame without a duration lasts as long as the one before.
  const GstClockTime before = branch.next_pts - branch.last_duration, pts = GST_BUFFER_PTS(buffer);
  const GstClockTime duration = GST_BUFFER_DURATION_IS_VALID(buffer)   ? GST_BUFFER_DURATION(buffer)
                                : branch.frames_in > 1 && pts > before ? pts - before
                                                                       : branch.last_duration;
  branch.last_duration = duration;
  branch.next_pts = GST_BUFFER_PTS(buffer) + duration;
  const guint64 shown = gst_segment_to_stream_time(&branch.segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (GST_CLOCK_TIME_IS_VALID(shown)) branch.video_end = std::max<GstClockTime>(branch.video_end, shown + duration);
  return GST_PAD_PROBE_OK;
}

/// Where the file says that it ends, when its video is its only stream (a sound track may be longer).
GstClockTime stated_end(const Branch& branch, GstPad* pad) {
  Owned<GstElement> decode(gst_bin_get_by_name(GST_BIN(branch.owner->pipeline.get()), branch.decode.c_str()));
  gint64 duration = -1;
  if (!decode || decode->numsrcpads != 1) return GST_CLOCK_TIME_NONE;
  if (!gst_pad_peer_query_duration(pad, GST_FORMAT_TIME, &duration) || duration <= 0) return GST_CLOCK_TIME_NONE;
  return GstClockTime(duration);
}

/// Notes how far the source's own end of stream is from where it should be.
GstPadProbeReturn event_in(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& branch = *static_cast<Branch*>(data);
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) gst_event_copy_segment(event, &branch.segment);
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS || branch.ended || branch.file.empty()) return GST_PAD_PROBE_OK;
  const std::uint64_t limit = branch.owner->config.max_frames;
  if (branch.owner->stopping || (limit > 0 && branch.frames_in >= limit)) return GST_PAD_PROBE_OK;
  branch.source_ended = true;
  branch.stated_end = stated_end(branch, pad);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn frame_out(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto& branch = *static_cast<Branch*>(data);
  branch.owner->frame_out(branch, GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

void add_probe(GstElement* element, const char* pad, GstPadProbeType type, GstPadProbeCallback callback,
               Branch& branch) {
  Owned<GstPad> target(gst_element_get_static_pad(element, pad));
  gst_pad_add_probe(target.get(), type, callback, &branch, nullptr);
}

}  // namespace

void Pipeline::State::frame_out(Branch& branch, GstBuffer* buffer) {
  last_progress = now_ns();
  last_out = now_ns();
  const gst::FrameNote* note = gst::find_note(buffer, gst::NoteKind::result);
  const gst::FrameNote* truth = gst::find_note(buffer, gst::NoteKind::truth);
  {
    std::lock_guard lock(mutex);
    ++frames;
    if (note && note->age == 0) {
      latency.add(std::chrono::nanoseconds(note->latency_ns));
      detections += note->result.detections.size();
    }
  }
  if (!observer) return;
  observer({branch.index, note ? &note->result : nullptr, truth ? &truth->result : nullptr, note ? note->age : 0});
}

// ---- building ------------------------------------------------------------------------------------------------------

namespace {

GstElement* add_publishers(GstBin* bin, GstElement* tail, const std::vector<std::string>& sinks) {
  for (const std::string& text : sinks) {
    const SinkAddress address = parse_sink(text);
    if (address.kind != SinkKind::publisher) continue;
    GstElement* publisher = add_element(bin, "vireopublish");
    set_property(publisher, "to", address.target);
    link(tail, publisher);
    tail = publisher;
  }
  return tail;
}

}  // namespace

bool Pipeline::State::keeps_every_frame() const {
  for (const std::string& sink : config.sinks) {
    if (parse_sink(sink).kind == SinkKind::video_file) return true;
  }
  return false;
}

/// Everything after vireoinfer.
void Pipeline::State::add_sinks(GstElement* tail, const SourceConfig& source, const std::string& name) {
  GstBin* bin = GST_BIN(pipeline.get());
  tail = add_publishers(bin, tail, config.sinks);
  const bool live = source.live || source.uri.starts_with("/dev/") || source.uri.starts_with("v4l2://") ||
                    source.uri.starts_with("rtsp://");
  std::vector<GstElement*> outputs;
  bool pictures = false, window = false;
  for (const std::string& text : config.sinks) {
    const SinkAddress address = parse_sink(text);
    if (address.kind == SinkKind::video_file) {
      outputs.push_back(
          add_file_sink(bin, config.sources.size() > 1 ? with_name(address.target, name) : address.target));
      pictures = true;
    } else if (address.kind == SinkKind::display) {
      const std::string factory = find_display_sink();
      if (factory.empty()) {
        log(LogLevel::warning,
            "sink 'display': no window can be opened here (no X11 or Wayland display, or gstreamer1.0-x is "
            "missing); frames are processed but not shown. --sink FILE.mp4 writes them to a file");
        continue;
      }
      outputs.push_back(add_display_sink(bin, factory, !live, !keeps_every_frame()));
      pictures = window = true;
    }
  }
  if (outputs.empty()) outputs.push_back(add_null_sink(bin));
  if (pictures && config.draw) {
    GstElement* draw = add_element(bin, "vireodraw");
    if (window) set_property(draw, "show-stats", "true");
    for (const auto& [property, value] : config.draw_properties) set_property(draw, property, value);
    link(tail, draw);
    tail = draw;
  }
  if (outputs.size() > 1) {
    GstElement* tee = add_element(bin, "tee");
    link(tail, tee);
    tail = tee;
  }
  for (GstElement* output : outputs) link(tail, output);
}

void Pipeline::State::add_branch(const SourceConfig& source, int index) {
  GstBin* bin = GST_BIN(pipeline.get());
  const std::string name = source.name.empty() ? "source" + std::to_string(index) : source.name;
  GstElement* input = add_source(bin, source, name);
  GstElement* convert = add_element(bin, "videoconvert");
  GstElement* infer = add_element(bin, "vireoinfer", "infer-" + name);
  for (const auto& [property, value] : config.infer) set_property(infer, property, value);
  set_property(infer, "source-id", name);
  // A file keeps every frame, even where a window shown at the same time drops late ones.
  if (keeps_every_frame() && !config.infer.contains("qos")) set_property(infer, "qos", "false");
  link(input, convert);
  link(convert, infer);
  add_sinks(infer, source, name);
  auto branch = std::make_unique<Branch>();
  branch->owner = this;
  branch->index = index;
  branch->infer = infer;
  branch->file = video_file_of(source.uri);
  branch->decode = "decode-" + name;
  gst_segment_init(&branch->segment, GST_FORMAT_TIME);
  add_probe(infer, "sink", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, deployment::event_in, *branch);
  add_probe(infer, "sink", GST_PAD_PROBE_TYPE_BUFFER, deployment::frame_in, *branch);
  add_probe(infer, "src", GST_PAD_PROBE_TYPE_BUFFER, deployment::frame_out, *branch);
  branches.push_back(std::move(branch));
}

void Pipeline::State::build() {
  if (config.sources.empty())
    throw Error(ErrorCode::invalid_argument,
                "no source; accepted are files, directories, URIs, /dev/videoN, vireoscene");
  if (!config.infer.contains("model")) throw Error(ErrorCode::invalid_argument, "no model; name an ONNX or plan file");
  load_elements();
  pipeline.reset(gst_pipeline_new("vireo"));
  for (std::size_t i = 0; i < config.sources.size(); ++i) add_branch(config.sources[i], static_cast<int>(i));
}

}  // namespace vireo::deployment
