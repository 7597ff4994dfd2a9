#include "plugins/gst/vireoinfer/settings.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace vireo::gst {
namespace {

using S = InferSettings;

GType precision_type() {
  // What engines are built in; int8 and best come when they can be.
  static const GEnumValue values[] = {{0, "32-bit floating point", "fp32"},
                                      {1, "16-bit floating point, on OpenCL devices", "fp16"},
                                      {2, "bfloat16, on CPUs", "bf16"},
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

GType overload_type() {
  static const GEnumValue values[] = {
      {0, "The newest frame is inferred whenever the network is free", "skip"},
      {1, "Every n-th frame is inferred, n as load asks for; the others pass", "interval"},
      {2, "Frames go to the network of smaller-model", "smaller-model"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("VireoInferOverload", values);
  return type;
}

constexpr Choice<S> kPrecision{[](const S& s) { return s.precision; }, [](S& s, int value) { s.precision = value; },
                               precision_type};
constexpr Choice<S> kDrop{[](const S& s) { return int(s.drop); }, [](S& s, int value) { s.drop = DropPolicy(value); },
                          drop_type};
constexpr Choice<S> kOverload{[](const S& s) { return int(s.overload); },
                              [](S& s, int value) { s.overload = infer::OverloadPolicy(value); }, overload_type};

const Property<S> kRows[] = {
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
     "Most images in one inference, 0..256; 0 (default) means 8 on devices and, on the CPU, what measures quickest "
     "when "
     "the model is loaded: 1, 2 or 4. Networks with a fixed batch extent run at that extent; networks that can't batch "
     "run images one by one.",
     &S::batch_size, When::ready, 0, 256},
    {"contexts", "Contexts",
     "Inferences that are prepared, running or being decoded at once, 0..16; 0 (default) means 3. Each costs the "
     "memory of its activations.",
     &S::contexts, When::ready, 0, 16},
    {"build-budget", "Build budget",
     "Seconds spent on timing kernels when the model is ONNX, 0..3600; default 2. 0 takes heuristics only. On GPUs "
     "with "
     "plan kernels, which are faster for small batches and take long to compile, those are tried where that is "
     "expected "
     "to take at most six times as long: 30 is enough for a detector. A plan file needs none.",
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
     "Skip frames that the sink says come too late before they are inferred; each is counted and reported. "
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
    {"precision", "Precision",
     "Arithmetic of the network; fp32, fp16 (OpenCL devices) or bf16 (CPUs). Default: fp32. A plan file keeps its own.",
     kPrecision},
    {"drop-policy", "Drop policy",
     "What happens when frames come faster than they are inferred: 'newest' drops older waiting frames, 'never' blocks "
     "the source, 'auto' (default) is newest on live sources and never on others.",
     kDrop, When::playing},
    {"overload", "Overload",
     "What a live stream does when frames come faster than the network takes them. 'skip' (default) infers the newest "
     "whenever the network is free, the others are dropped; 'interval' infers every n-th, n as large as the load asks "
     "for, and lets the others pass with the last result where there is room for them; 'smaller-model' gives frames to "
     "the network of smaller-model until the usual one keeps up again. Changes are told by an element message "
     "'vireoinfer-service'. Without effect where every frame is kept (drop-policy).",
     kOverload, When::playing},
    {"smaller-model", "Smaller model",
     "File of a faster network for overload=smaller-model, with the same device, precision, threads, batch-size, "
     "contexts, labels, classes and thresholds; the rest by itself. Classes are counted as the usual network counts "
     "them, by their names. Default: empty, none.",
     &S::smaller_model},
};

/// The same in every locale.
std::string number_text(double number) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  return g_ascii_dtostr(text, sizeof text, number);
}

}  // namespace

PropertyTable<InferSettings> infer_properties() { return kRows; }

infer::ModelOptions InferSettings::model_options() const {
  infer::ModelOptions model_options;
  model_options.path = model;
  model_options.device = device.empty() ? "cpu" : device;
  model_options.precision = Precision(precision);
  model_options.threads = threads;
  model_options.batch = batch_size > 0 ? batch_size : model_options.device == "cpu" ? 0 : 8;
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

InferSettings InferSettings::smaller() const {
  InferSettings other = *this;
  other.model = smaller_model;
  if (other.decoder != "none") other.decoder = "auto";
  for (std::string* own : {&other.input_size, &other.layout, &other.mean, &other.scale, &other.color, &other.resize,
                           &other.options, &other.smaller_model})
    own->clear();
  return other;
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
