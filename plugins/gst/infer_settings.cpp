#include "plugins/gst/infer_settings.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <variant>

namespace vireo::gst {
namespace {

using S = InferSettings;

/// When a property may change: only before the model loads, or any time (the next frame sees it).
enum class When { ready, playing };

/// Where the value is stored, which also gives its type.
struct Row {
  const char *name, *nick, *blurb;
  std::variant<std::string S::*, int S::*, double S::*, bool S::*> field;
  When when = When::ready;
  double min = 0, max = 0;
  bool session = false;  ///< decoders and preprocessors are made anew
};

constexpr const char* kReady = " Changeable in NULL and READY.";
constexpr const char* kPlaying = " Changeable while playing; the next frame sees it.";

const Row kRows[] = {
    {"model", "Model",
     "File of the network: ONNX (built at READY→PAUSED) or a plan made by 'vireo build'. No default: must be set. All "
     "elements of the process that name the same model with the same device, precision, threads, batch-size, contexts, "
     "input-size and layout share one engine and one batcher.",
     &S::model},
    {"device", "Device", "Where the network runs: 'cpu' or 'opencl:N' ('vireo devices' lists them). Default: cpu.",
     &S::device},
    {"threads", "Threads", "Workers that one inference uses, as a count, 0..1024; 0 (default) means all cores.",
     &S::threads, When::ready, 0, 1024},
    {"batch-size", "Largest batch",
     "Most images in one inference, 0..256; 0 (default) means 1 on the CPU and 8 elsewhere. Networks with a fixed "
     "batch extent run at that extent; networks that can't batch run images one by one.",
     &S::batch_size, When::ready, 0, 256},
    {"contexts", "Contexts",
     "Inferences that are prepared, running or being decoded at once, 0..16; 0 (default) means 3. Each costs the "
     "memory of its activations.",
     &S::contexts, When::ready, 0, 16},
    {"build-budget", "Build budget",
     "Seconds spent on timing kernels when the model is ONNX, 0..3600; default 2. 0 takes heuristics only. A plan file "
     "needs none.",
     &S::build_budget_s, When::ready, 0, 3600},
    {"plan-cache", "Plan cache",
     "Where the plan of an ONNX model is kept, so that the next start need not build it: 'auto' (default) means "
     "vireo/plans in the user's cache folder ($XDG_CACHE_HOME or ~/.cache), 'off' keeps none, else a folder, made "
     "where "
     "missing. A plan that is damaged, or whose model, library, processor or options changed, is built again.",
     &S::plan_cache},
    {"input-size", "Input size",
     "Picture size of networks that leave it open, in pixels: N or WxH, 8..8192. Default: empty, 640. Ignored where "
     "the network fixes it.",
     &S::input_size},
    {"layout", "Layout", "Axes of the picture input: 'nchw' or 'nhwc'. Default: empty, by the shape.", &S::layout},
    {"decoder", "Decoder",
     "Family that reads the outputs; 'vireo list decoders' names them. 'auto' (default) chooses by the network's "
     "structure, 'none' leaves them raw.",
     &S::decoder, When::ready, 0, 0, true},
    {"labels", "Labels",
     "Class names: a file with one name a line (or a list or dictionary as in Python or JSON), a list \"a,'b, c',d\", "
     "'coco80' or 'imagenet'. Default: empty, from the model's metadata or a well-known set.",
     &S::labels, When::playing, 0, 0, true},
    {"classes", "Classes", "Names or numbers of the classes to keep, 'a,b,c'. Default: empty, all.", &S::classes,
     When::playing, 0, 0, true},
    {"score-threshold", "Score threshold", "Least score of a detection, 0..1; -1 (default) means the decoder's own.",
     &S::score_threshold, When::playing, -1, 1, true},
    {"iou-threshold", "IoU threshold",
     "Overlap (intersection over union) above which the weaker of two boxes goes, 0..1; -1 (default) means the "
     "decoder's own.",
     &S::iou_threshold, When::playing, -1, 1, true},
    {"max-detections", "Most detections",
     "Most detections of a frame, the best first, 0..4096; 0 (default) means the decoder's own.", &S::max_detections,
     When::playing, 0, 4096, true},
    {"mean", "Mean",
     "Subtracted from 0..255 samples: 'a' or 'a,b,c' in the order of color. Default: empty, by the decoder.", &S::mean,
     When::playing, 0, 0, true},
    {"scale", "Scale", "Multiplies samples after mean: 'a' or 'a,b,c'. Default: empty, by the decoder.", &S::scale,
     When::playing, 0, 0, true},
    {"color", "Color order", "Channel order of the network: 'rgb', 'bgr' or 'gray'. Default: empty, by the decoder.",
     &S::color, When::playing, 0, 0, true},
    {"resize", "Resize",
     "How a frame is fitted into the input: 'letterbox', 'stretch' or 'crop'. Default: empty, by the decoder.",
     &S::resize, When::playing, 0, 0, true},
    {"options", "Options",
     "Further options of decoder and input as 'name=value;name=value' ('vireo list decoders' explains them); they win "
     "over the properties. Default: empty.",
     &S::options, When::playing, 0, 0, true},
    {"max-delay", "Largest delay",
     "Milliseconds that a frame waits at most for others to share its batch, 0..10000; default 5. Without effect at "
     "batch-size 1.",
     &S::max_delay_ms, When::playing, 0, 10000},
    {"max-inflight", "Frames in flight",
     "Most frames of this stream that are prepared, run or decoded at once, 0..256; 0 (default) means 1 on live "
     "sources, "
     "where the newest frame waits besides, and twice the batch, at least 3, on others.",
     &S::max_inflight, When::playing, 0, 256},
    {"interval", "Interval", "Every n-th frame is inferred, 1..100000; default 1, all. The others pass.", &S::interval,
     When::playing, 1, 100000},
    {"hold-results", "Hold results",
     "Frames between two inferred ones carry the last result, marked with its age. Default: true.", &S::hold_results,
     When::playing},
    {"qos", "QoS",
     "Skip frames that the sink says come too late, before they are inferred or after; each is counted and reported. "
     "Only where drop-policy lets frames be dropped. Default: true.",
     &S::qos, When::playing},
    {"roi-meta", "ROI metadata",
     "Attach a GstVideoRegionOfInterestMeta for each detection, beside the exact VireoFrameMeta. Default: true.",
     &S::regions, When::playing},
    {"raw-tensors", "Raw tensors", "Attach copies of the network's outputs to VireoFrameMeta. Default: false.",
     &S::raw_tensors, When::playing},
    {"analytics-meta", "Analytics metadata",
     "Attach a GstAnalyticsRelationMeta, too. Without effect where the plugin was built with a GStreamer before 1.24. "
     "Default: true.",
     &S::analytics, When::playing},
    {"source-id", "Source id", "Name of this stream in results. Default: empty, the element's name.", &S::source_id,
     When::playing},
    {"stage", "Stage",
     "Name of this network in results, for pipelines with several: each adds what it finds to what earlier ones found. "
     "Default: empty, none.",
     &S::stage, When::playing},
};
constexpr guint kRowCount = std::size(kRows);
constexpr guint kPrecisionId = kRowCount + 1, kDropId = kRowCount + 2;

GType precision_type() {
  static const GEnumValue values[] = {{0, "32-bit floating point", "fp32"},
                                      {1, "16-bit floating point", "fp16"},
                                      {2, "bfloat16", "bf16"},
                                      {3, "8-bit integers (needs a calibrated plan)", "int8"},
                                      {4, "whichever is fastest", "best"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("VireoInferPrecision", values);
  return type;
}

GType drop_type() {
  static const GEnumValue values[] = {{0, "Newest frame wins on live sources, every frame on others", "auto"},
                                      {1, "Newest frame wins: never block, drop what can't be kept up with", "newest"},
                                      {2, "Every frame: block the source while busy", "never"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("VireoInferDropPolicy", values);
  return type;
}

GParamFlags flags_of(When when) {
  return GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK |
                     (when == When::ready ? GST_PARAM_MUTABLE_READY : GST_PARAM_MUTABLE_PLAYING));
}

GParamSpec* spec_of(const Row& row) {
  const S defaults;
  const std::string blurb = row.blurb + std::string(row.when == When::ready ? kReady : kPlaying);
  const GParamFlags flags = flags_of(row.when);
  if (const auto* text = std::get_if<std::string S::*>(&row.field)) {
    const std::string& value = defaults.**text;
    return g_param_spec_string(row.name, row.nick, blurb.c_str(), value.empty() ? nullptr : value.c_str(), flags);
  }
  if (const auto* number = std::get_if<int S::*>(&row.field)) {
    return g_param_spec_int(row.name, row.nick, blurb.c_str(), int(row.min), int(row.max), defaults.**number, flags);
  }
  if (const auto* number = std::get_if<double S::*>(&row.field)) {
    return g_param_spec_double(row.name, row.nick, blurb.c_str(), row.min, row.max, defaults.**number, flags);
  }
  return g_param_spec_boolean(row.name, row.nick, blurb.c_str(), defaults.*std::get<bool S::*>(row.field), flags);
}

/// The same in every locale.
std::string number_text(double number) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  return g_ascii_dtostr(text, sizeof text, number);
}

}  // namespace

void install_infer_properties(GObjectClass* object_class) {
  for (guint i = 0; i < kRowCount; ++i) g_object_class_install_property(object_class, i + 1, spec_of(kRows[i]));
  g_object_class_install_property(
      object_class, kPrecisionId,
      g_param_spec_enum("precision", "Precision",
                        "Arithmetic of the network; fp32, fp16, bf16, int8 or best. Default: fp32. A plan file keeps "
                        "its own. Changeable in NULL and READY.",
                        precision_type(), 0, flags_of(When::ready)));
  g_object_class_install_property(
      object_class, kDropId,
      g_param_spec_enum("drop-policy", "Drop policy",
                        "What happens when frames come faster than they are inferred: 'newest' drops older waiting "
                        "frames, 'never' blocks the source, 'auto' (default) is newest on live sources and never on "
                        "others. Changeable while playing; the next frame sees it.",
                        drop_type(), 0, flags_of(When::playing)));
}

bool set_infer_property(InferSettings& settings, guint id, const GValue* value, bool& session_changed) {
  if (id == kPrecisionId) {
    settings.precision = g_value_get_enum(value);
  } else if (id == kDropId) {
    settings.drop = DropPolicy(g_value_get_enum(value));
  } else if (id >= 1 && id <= kRowCount) {
    const Row& row = kRows[id - 1];
    session_changed = row.session;
    if (const auto* text = std::get_if<std::string S::*>(&row.field)) {
      const gchar* given = g_value_get_string(value);
      settings.** text = given ? given : "";
    } else if (const auto* integer = std::get_if<int S::*>(&row.field)) {
      settings.** integer = g_value_get_int(value);
    } else if (const auto* number = std::get_if<double S::*>(&row.field)) {
      settings.** number = g_value_get_double(value);
    } else {
      settings.*std::get<bool S::*>(row.field) = g_value_get_boolean(value);
    }
  } else {
    return false;
  }
  return true;
}

bool is_fixed_infer_property(guint id) {
  return id == kPrecisionId || (id >= 1 && id <= kRowCount && kRows[id - 1].when == When::ready);
}

bool get_infer_property(const InferSettings& settings, guint id, GValue* value) {
  if (id == kPrecisionId) {
    g_value_set_enum(value, settings.precision);
  } else if (id == kDropId) {
    g_value_set_enum(value, int(settings.drop));
  } else if (id >= 1 && id <= kRowCount) {
    const Row& row = kRows[id - 1];
    if (const auto* text = std::get_if<std::string S::*>(&row.field)) {
      const std::string& held = settings.**text;
      g_value_set_string(value, held.empty() ? nullptr : held.c_str());
    } else if (const auto* integer = std::get_if<int S::*>(&row.field)) {
      g_value_set_int(value, settings.**integer);
    } else if (const auto* number = std::get_if<double S::*>(&row.field)) {
      g_value_set_double(value, settings.**number);
    } else {
      g_value_set_boolean(value, settings.*std::get<bool S::*>(row.field));
    }
  } else {
    return false;
  }
  return true;
}

infer::ModelOptions InferSettings::model_options() const {
  infer::ModelOptions model_options;
  model_options.path = model;
  model_options.device = device.empty() ? "cpu" : device;
  model_options.precision = Precision(precision);
  model_options.threads = threads;
  model_options.batch = batch_size > 0 ? batch_size : model_options.device == "cpu" ? 1 : 8;
  model_options.contexts = contexts > 0 ? contexts : 3;
  model_options.build_budget_s = build_budget_s;
  model_options.size = input_size;
  model_options.layout = layout;
  if (plan_cache.empty() || plan_cache == "auto") {
    model_options.plan_cache = std::filesystem::path(g_get_user_cache_dir()) / "vireo" / "plans";
  } else if (plan_cache != "off") {
    model_options.plan_cache = plan_cache;
  }
  return model_options;
}

sdk::Params InferSettings::params() const {
  sdk::Params params;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) params.set(name, value);
  };
  add("labels", labels);
  add("classes", classes);
  add("mean", mean);
  add("scale", scale);
  add("color", color);
  add("resize", resize);
  if (score_threshold >= 0) params.set("score", number_text(score_threshold));
  if (iou_threshold >= 0) params.set("iou", number_text(iou_threshold));
  if (max_detections > 0) params.set("max_detections", std::to_string(max_detections));
  params.merge(sdk::Params::parse(options));
  return params;
}

infer::StreamOptions InferSettings::stream_options(bool live, int max_batch) const {
  infer::StreamOptions stream;
  stream.newest_wins = drop == DropPolicy::newest || (drop == DropPolicy::automatic && live);
  stream.max_inflight = max_inflight > 0 ? max_inflight : stream.newest_wins ? 1 : std::max(3, 2 * max_batch);
  stream.max_delay = std::chrono::nanoseconds(std::int64_t(max_delay_ms * 1e6));
  return stream;
}

}  // namespace vireo::gst
