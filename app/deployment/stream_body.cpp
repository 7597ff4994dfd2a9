#include "app/deployment/stream_body.h"

#include <gst/app/gstappsink.h>

#include <algorithm>

#include "app/deployment/elements.h"

namespace vireo::deployment {
namespace {

/// Whether frames of a live source may be dropped: the user can forbid it.
bool never_drops(const config::StreamConfig& config) {
  return std::any_of(config.stages.begin(), config.stages.end(), [](const config::StageConfig& stage) {
    const auto policy = stage.properties.find("drop-policy");
    return policy != stage.properties.end() && policy->second.value == "never";
  });
}

bool changes_while_playing(GstElement* element, const std::string& property) {
  const GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), property.c_str());
  return spec && (spec->flags & GST_PARAM_MUTABLE_PLAYING) != 0;
}

/// The properties that differ, with the default of those that are gone.
config::Options difference(GstElement* element, const config::Options& from, const config::Options& to) {
  config::Options changed;
  for (const auto& [name, option] : to) {
    const auto before = from.find(name);
    if (before == from.end() || before->second != option) changed[name] = option;
  }
  for (const auto& [name, option] : from) {
    if (to.contains(name)) continue;
    GParamSpec* spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name.c_str());
    if (!spec) continue;
    const gchar* text =
        G_IS_PARAM_SPEC_STRING(spec) ? g_value_get_string(g_param_spec_get_default_value(spec)) : nullptr;
    changed[name] = {G_IS_PARAM_SPEC_STRING(spec) ? (text ? text : "")
                                                  : take(gst_value_serialize(g_param_spec_get_default_value(spec))),
                     option.place};
  }
  return changed;
}

}  // namespace

StreamBody::StreamBody(const config::StreamConfig& config, const BodyOptions& options, BodyEvents events)
    : events_(std::move(events)) {
  load_elements();
  pipeline_ = new_pipeline("stream-" + config.name);
  GstBin* bin = GST_BIN(pipeline_.get());
  GstElement* frames = add_element(bin, "appsrc", "frames");
  g_object_set(frames, "is-live", options.live, nullptr);
  gate_ = std::make_unique<FrameGate>(
      pipeline_.get(), frames, GateOptions{options.live, !options.live || never_drops(config), config.max_frames});
  add_end(add_stages(config, options, frames));
  const Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
  gst_bus_set_sync_handler(bus.get(), &StreamBody::heard, this, nullptr);
}

StreamBody::~StreamBody() {
  gate_->close();
  {
    const Owned<GstBus> bus(gst_element_get_bus(pipeline_.get()));
    gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
  }
  pipeline_.reset();
}

GstElement* StreamBody::add_stages(const config::StreamConfig& config, const BodyOptions& options, GstElement* tail) {
  GstBin* bin = GST_BIN(pipeline_.get());
  const auto append = [&](GstElement* element) {
    link(tail, element);
    tail = element;
  };
  append(add_element(bin, "videoconvert"));
  int number = 0;
  for (const config::StageConfig& stage : config.stages) {
    GstElement* element = add_element(bin, stage.element.c_str(), "stage" + std::to_string(number++));
    set_properties(element, stage.properties);
    if (!stage.properties.contains("source-id")) set_property(element, "source-id", config.name);
    // A file keeps every frame, even where a window shown at the same time drops late ones.
    if (options.every_frame && !stage.properties.contains("qos")) set_property(element, "qos", "false");
    stages_.push_back(element);
    append(element);
  }
  Owned<GstPad> out(gst_element_get_static_pad(tail, "src"));
  gst_pad_add_probe(
      out.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        static_cast<StreamBody*>(data)->events_.inferred(GST_PAD_PROBE_INFO_BUFFER(info));
        return GST_PAD_PROBE_OK;
      },
      this, nullptr);
  if (!options.draw) return tail;
  draw_ = add_element(bin, "vireodraw");
  if (options.show_stats) set_property(draw_, "show-stats", "true");
  set_properties(draw_, config.draw_properties);
  append(draw_);
  return tail;
}

void StreamBody::add_end(GstElement* tail) {
  end_ = add_element(GST_BIN(pipeline_.get()), "appsink", "end");
  g_object_set(end_, "sync", FALSE, "async", FALSE, "max-buffers", 1u, "enable-last-sample", FALSE, nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* from, gpointer data) {
    OwnedSample sample(gst_app_sink_pull_sample(from));
    if (sample) static_cast<StreamBody*>(data)->events_.finished(sample.get());
    return GST_FLOW_OK;
  };
  callbacks.eos = [](GstAppSink*, gpointer data) { static_cast<StreamBody*>(data)->events_.ended(); };
  gst_app_sink_set_callbacks(GST_APP_SINK(end_), &callbacks, this, nullptr);
  accept_any_planes(end_);
  link(tail, end_);
}

/// While play() loads nobody takes messages from the bus.
GstBusSyncReply StreamBody::heard(GstBus*, GstMessage* message, gpointer data) {
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_PROGRESS) return GST_BUS_PASS;
  auto* self = static_cast<StreamBody*>(data);
  GstProgressType type = GST_PROGRESS_TYPE_COMPLETE;
  gchar* text = nullptr;
  gst_message_parse_progress(message, &type, nullptr, &text);
  const bool going = type == GST_PROGRESS_TYPE_START || type == GST_PROGRESS_TYPE_CONTINUE;
  const std::string doing = take(text);
  {
    const std::lock_guard lock(self->doing_mutex_);
    self->doing_ = going ? doing : "";
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

void StreamBody::cancel_load() {
  for (GstElement* stage : stages_)
    if (g_signal_lookup("cancel-load", G_OBJECT_TYPE(stage)) != 0) g_signal_emit_by_name(stage, "cancel-load");
}

void StreamBody::play() {
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    throw Error(ErrorCode::io, start_failure(pipeline_.get()));
}

void StreamBody::send_upstream(GstEvent* event) {
  Owned<GstPad> pad(gst_element_get_static_pad(end_, "sink"));
  gst_pad_push_event(pad.get(), event);
}

GstClockTime StreamBody::running_time() const {
  const GstClockTime time = gst_element_get_current_running_time(pipeline_.get());
  return GST_CLOCK_TIME_IS_VALID(time) ? time : 0;
}

void StreamBody::add_figures(StreamSnapshot& all) const {
  {
    const std::lock_guard lock(doing_mutex_);
    all.doing = doing_;
  }
  all.frames_in += gate_->frames();
  all.dropped += gate_->dropped();
  all.dropped_in += gate_->dropped();
  if (all.first_in_ns == 0) all.first_in_ns = gate_->first_ns();
  for (GstElement* stage : stages_) {
    GstStructure* figures = nullptr;
    g_object_get(stage, "stats", &figures, nullptr);
    if (!figures) continue;
    const auto count = [&](const char* name) {
      guint64 value = 0;
      gst_structure_get_uint64(figures, name, &value);
      return std::uint64_t(value);
    };
    all.inferred += count("inferred");
    all.dropped += count("dropped");
    all.late += count("late");
    all.smaller += count("smaller");
    gboolean overloaded = FALSE;
    gst_structure_get_boolean(figures, "overloaded", &overloaded);
    all.overloaded = all.overloaded || overloaded;
    double number = 0;
    if (gst_structure_get_double(figures, "engine-busy-s", &number)) all.busy_s = std::max(all.busy_s, number);
    if (gst_structure_get_double(figures, "engine-load-s", &number)) all.load_s = std::max(all.load_s, number);
    if (const gchar* model = gst_structure_get_string(figures, "model")) all.model = model;
    gst_structure_free(figures);
  }
}

bool StreamBody::change(const config::StreamConfig& from, const config::StreamConfig& to) {
  config::StreamConfig same = to;
  same.stages = from.stages;
  same.draw_properties = from.draw_properties;
  if (same != from || from.stages.size() != to.stages.size()) return false;
  std::vector<std::pair<GstElement*, config::Options>> changes;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (from.stages[i].element != to.stages[i].element) return false;
    changes.emplace_back(stages_[i], difference(stages_[i], from.stages[i].properties, to.stages[i].properties));
  }
  if (draw_) changes.emplace_back(draw_, difference(draw_, from.draw_properties, to.draw_properties));
  for (const auto& [element, options] : changes) {
    for (const auto& [name, option] : options)
      if (!changes_while_playing(element, name)) return false;
    try_properties(GST_OBJECT_NAME(gst_element_get_factory(element)), options);
  }
  for (const auto& [element, options] : changes) set_properties(element, options);
  return true;
}

}  // namespace vireo::deployment
