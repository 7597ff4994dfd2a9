// vireoinfer: runs a network on the frames that pass and attaches what it finds. The element itself: states, properties
// and class; input.cpp and output.cpp are what its pads do, InferFlow (flow.h) the way of a frame.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "plugins/gst/elements.h"
#include "plugins/gst/vireoinfer/element.h"

#define GST_CAT_DEFAULT vireoinfer_debug

G_DEFINE_TYPE(VireoInfer, vireo_infer, GST_TYPE_ELEMENT)

namespace vireo::gst {

GST_DEBUG_CATEGORY(vireoinfer_debug);

std::shared_ptr<InferFlow> flow_of(VireoInfer* self) {
  GST_OBJECT_LOCK(self);
  auto flow = self->state->flow;
  GST_OBJECT_UNLOCK(self);
  return flow;
}

InferSettings settings_of(VireoInfer* self) {
  GST_OBJECT_LOCK(self);
  InferSettings settings = self->state->settings;
  GST_OBJECT_UNLOCK(self);
  return settings;
}

void post_error(VireoInfer* self, const InferSettings& settings, ErrorCode code, const char* message) {
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

namespace {

// ---- opening and closing -------------------------------------------------------------------------------------------

/// From now on properties that the model depends on are refused, or no longer.
void set_loaded(VireoInfer* self, bool loaded) {
  GST_OBJECT_LOCK(self);
  self->state->loaded = loaded;
  GST_OBJECT_UNLOCK(self);
}

/// Throws Error where overload=smaller-model has none.
void check_overload(const InferSettings& settings, bool has_smaller) {
  if (settings.overload != infer::OverloadPolicy::smaller || has_smaller) return;
  throw Error(ErrorCode::invalid_argument,
              "overload=smaller-model: no smaller model is loaded; set smaller-model=FILE.onnx or FILE.plan in NULL or "
              "READY");
}

std::shared_ptr<infer::Session> make_session(const InferSettings& settings, std::shared_ptr<infer::Model> model) {
  return std::make_shared<infer::Session>(std::move(model), settings.decoder, settings.params());
}

/// The sessions on these models; the second may be null.
InferFlow::Sessions make_sessions(const InferSettings& settings, std::shared_ptr<infer::Model> usual,
                                  std::shared_ptr<infer::Model> smaller) {
  InferFlow::Sessions sessions{make_session(settings, std::move(usual)), nullptr};
  if (!smaller) return sessions;
  sessions.smaller = make_session(settings.smaller(), std::move(smaller));
  sessions.smaller->count_classes_as(*sessions.usual);
  return sessions;
}

/// Tells the bus what loading is at: GST_MESSAGE_PROGRESS with the code "load". A change at once, how far it is every
/// half second.
class LoadProgress {
 public:
  explicit LoadProgress(VireoInfer* self) : self_(self) {}
  ~LoadProgress() {
    if (doing_.empty()) return;
    if (loaded_) post(GST_PROGRESS_TYPE_COMPLETE, "loaded");
    else post(self_->state->cancelled ? GST_PROGRESS_TYPE_CANCELED : GST_PROGRESS_TYPE_ERROR, "not loaded");
  }
  LoadProgress(const LoadProgress&) = delete;
  LoadProgress& operator=(const LoadProgress&) = delete;

  [[nodiscard]] bool tell(const std::string& doing, double fraction) {
    constexpr auto kEvery = std::chrono::milliseconds(500);
    const auto now = std::chrono::steady_clock::now();
    if (doing != doing_ || now - told_ >= kEvery) {
      const GstProgressType type = doing_.empty() ? GST_PROGRESS_TYPE_START : GST_PROGRESS_TYPE_CONTINUE;
      const int percent = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100);
      post(type, doing + (percent > 0 ? ", " + std::to_string(percent) + " %" : ""));
      doing_ = doing;
      told_ = now;
    }
    return !self_->state->cancelled;
  }
  void loaded() { loaded_ = true; }

 private:
  void post(GstProgressType type, const std::string& text) {
    gst_element_post_message(GST_ELEMENT(self_),
                             gst_message_new_progress(GST_OBJECT(self_), type, "load", text.c_str()));
  }

  VireoInfer* self_;
  std::string doing_;
  std::chrono::steady_clock::time_point told_;
  bool loaded_ = false;
};

bool load_flow(VireoInfer* self) {
  const InferSettings settings = settings_of(self);
  if (settings.model.empty()) {
    GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS, ("No model is set."), ("set model=FILE.onnx or model=FILE.plan"));
    return false;
  }
  try {
    check_overload(settings, !settings.smaller_model.empty());
    LoadProgress progress(self);
    const infer::Telling telling = [&](const std::string& doing, double fraction) {
      return progress.tell(doing, fraction);
    };
    auto model = infer::Model::open(settings.model_options(), telling);
    std::shared_ptr<infer::Model> smaller;
    if (!settings.smaller_model.empty()) smaller = infer::Model::open(settings.smaller().model_options(), telling);
    progress.loaded();
    InferFlow::Sessions sessions = make_sessions(settings, std::move(model), std::move(smaller));
    GST_INFO_OBJECT(self, "%s", sessions.usual->summary().c_str());
    const std::string id = settings.source_id.empty() ? GST_OBJECT_NAME(self) : settings.source_id;
    auto flow = std::make_shared<InferFlow>(std::move(sessions), settings, id);
    GST_OBJECT_LOCK(self);
    self->state->flow = std::move(flow);
    self->state->earliest = GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK(self);
  } catch (const Error& error) {
    // Who cancelled it knows.
    if (error.code() != ErrorCode::cancelled || !self->state->cancelled)
      post_error(self, settings, error.code(), error.what());
    return false;
  } catch (const std::exception& error) {
    post_error(self, settings, ErrorCode::internal, error.what());
    return false;
  }
  self->state->live_known = self->state->uri_known = false;
  self->state->uri.clear();
  self->state->failed = false;
  gst_segment_init(&self->state->segment, GST_FORMAT_TIME);
  return true;
}

bool open_flow(VireoInfer* self) {
  set_loaded(self, true);
  const bool opened = load_flow(self);
  if (!opened) set_loaded(self, false);
  return opened;
}

void close_flow(VireoInfer* self) {
  GST_OBJECT_LOCK(self);
  std::shared_ptr<InferFlow> flow = std::move(self->state->flow);
  self->state->flow.reset();
  self->state->loaded = false;
  GST_OBJECT_UNLOCK(self);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  VireoInfer* self = self_of(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_flow(self)) return GST_STATE_CHANGE_FAILURE;
  const auto result = GST_ELEMENT_CLASS(vireo_infer_parent_class)->change_state(element, transition);
  const bool opened_in_vain = transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || opened_in_vain) close_flow(self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL) self->state->cancelled = false;
  return result;
}
// ---- properties ----------------------------------------------------------------------------------------------------

GstStructure* stats_of(VireoInfer* self) {
  const auto flow = flow_of(self);
  GstStructure* structure = gst_structure_new_empty("vireoinfer-stats");
  if (!flow) return structure;
  const FlowStats stats = flow->stats();
  const Service service = flow->service();
  const auto session = flow->sessions().usual;
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
  count("smaller", stats.smaller);
  count("held", stats.held);
  count("most-held", stats.most_held);
  number("load", service.load);
  count("interval", std::uint64_t(service.interval));
  count("service-changes", service.changes);
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
  gst_structure_set(structure, "live", G_TYPE_BOOLEAN, flow->live(), "overloaded", G_TYPE_BOOLEAN, service.overloaded,
                    "decoder", G_TYPE_STRING, session->decoder().c_str(), "model", G_TYPE_STRING,
                    session->summary().c_str(), nullptr);
  return structure;
}

/// Hands new settings to a running flow; an impossible session is reported and the old one stays.
void apply_settings(VireoInfer* self, bool session_changed) {
  const auto flow = flow_of(self);
  if (!flow) return;
  const InferSettings settings = settings_of(self);
  InferFlow::Sessions sessions;
  try {
    const InferFlow::Sessions old = flow->sessions();
    check_overload(settings, old.smaller != nullptr);
    if (session_changed)
      sessions =
          make_sessions(settings, old.usual->shared_model(), old.smaller ? old.smaller->shared_model() : nullptr);
    flow->configure(settings, std::move(sessions));
  } catch (const std::exception& error) {
    GST_ELEMENT_WARNING(self, LIBRARY, SETTINGS, ("%s", error.what()), ("the earlier settings stay in use"));
  }
}

void write(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  VireoInfer* self = self_of(object);
  GST_OBJECT_LOCK(self);
  const bool loaded = self->state->loaded;
  GST_OBJECT_UNLOCK(self);
  const auto table = infer_properties();
  if (set_property(object, table, self->state->settings, id, value, spec, loaded) != SetResult::set) return;
  apply_settings(self, find_property(table, id)->marked);
}

void read(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  VireoInfer* self = self_of(object);
  if (id == kInferStatsProperty) {
    g_value_take_boxed(value, stats_of(self));
    return;
  }
  get_property(object, infer_properties(), self->state->settings, id, value, spec);
}

/// A state change can't be broken off by another one, which waits for it.
void cancel_load(VireoInfer* self) { self->state->cancelled = true; }

void finalize(GObject* object) {
  delete self_of(object)->state;
  G_OBJECT_CLASS(vireo_infer_parent_class)->finalize(object);
}

}  // namespace
}  // namespace vireo::gst

static void vireo_infer_class_init(VireoInferClass* klass) {
  using namespace vireo::gst;
  GObjectClass* object_class = G_OBJECT_CLASS(klass);
  GstElementClass* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = write;
  object_class->get_property = read;
  object_class->finalize = finalize;
  install_properties(object_class, infer_properties());
  g_object_class_install_property(
      object_class, kInferStatsProperty,
      g_param_spec_boxed(
          "stats", "Statistics",
          "Figures since PAUSED: frames, inferred (smaller: of them, by the smaller network), passed, dropped (a newer "
          "frame came), late (the sink had no use), failed, held and most-held (frames in the element, now and at "
          "most), load (work of the network by the time there is for it), overloaded, interval (present), "
          "service-changes, fps, latency-*-ms (arrival or capture to result), engine-* (of the shared engine). "
          "Read-only.",
          GST_TYPE_STRUCTURE, GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  element_class->change_state = change_state;
  g_signal_new_class_handler("cancel-load", G_TYPE_FROM_CLASS(klass), GSignalFlags(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(cancel_load), nullptr, nullptr, nullptr, G_TYPE_NONE, 0);
  add_sink_template(element_class);
  add_src_template(element_class);
  gst_element_class_set_static_metadata(element_class, "Vireo inference", "Filter/Analyzer/Video",
                                        "Runs a neural network (ONNX or Vireo plan) on video frames, asynchronously "
                                        "and batched across streams, and attaches "
                                        "detections, classes and landmarks as metadata",
                                        "The Vireo project");
  GST_DEBUG_CATEGORY_INIT(vireoinfer_debug, "vireoinfer", 0, "Vireo inference element");
}

static void vireo_infer_init(VireoInfer* self) {
  self->state = new vireo::gst::InferState;
  gst_segment_init(&self->state->segment, GST_FORMAT_TIME);
  gst_video_info_init(&self->state->info);
  vireo::gst::add_sink_pad(self);
  vireo::gst::add_src_pad(self);
}

gboolean vireo::gst::register_vireoinfer(GstPlugin* plugin) {
  return gst_element_register(plugin, "vireoinfer", GST_RANK_NONE, vireo_infer_get_type());
}
