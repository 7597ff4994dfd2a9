// Deployment and model files become a PipelineConfig.

#include "app/deployment/config.h"
#include "config/deployment.pb.h"
#include "config/loader.h"
#include "config/model.pb.h"

namespace vireo::deployment {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

template <typename List>
std::string joined(const List& list) {
  std::string text;
  for (const auto& item : list) {
    if (!text.empty()) text += ',';
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(item)>>) {
      text += number(item);
    } else {
      text += item;
    }
  }
  return text;
}

/// Sets options that are given and not set yet.
class Setter {
 public:
  explicit Setter(Properties& properties) : properties_(properties) {}
  void text(const char* name, const std::string& value) {
    if (!value.empty()) properties_.try_emplace(name, value);
  }
  void positive(const char* name, double value) {
    if (value > 0) properties_.try_emplace(name, number(value));
  }
  /// Puts free-form options before those that are set already (later ones win).
  void options(const std::string& value) {
    if (value.empty()) return;
    std::string& held = properties_["options"];
    held = held.empty() ? value : value + ";" + held;
  }

 private:
  Properties& properties_;
};

template <typename Map>
std::string as_options(const Map& map) {
  std::string text;
  for (const auto& [name, value] : map) text += (text.empty() ? "" : ";") + name + "=" + value;
  return text;
}

}  // namespace

void apply_model(const config::Model& model, Properties& infer) {
  Setter set(infer);
  const config::Input& input = model.input();
  set.text("model", model.network());
  set.text("decoder", model.decoder());
  set.text("labels", model.label_size() > 0 ? joined(model.label()) : model.labels_file());
  set.text("input-size", input.size());
  set.text("layout", input.layout());
  set.text("color", input.color());
  set.text("mean", joined(input.mean()));
  set.text("scale", joined(input.scale()));
  set.text("resize", input.resize());
  if (model.has_score()) infer.try_emplace("score-threshold", number(model.score()));
  if (model.has_iou()) infer.try_emplace("iou-threshold", number(model.iou()));
  set.positive("max-detections", model.max_detections());
  std::string options = as_options(model.option());
  const auto add = [&](const std::string& option) { options += (options.empty() ? "" : ";") + option; };
  if (!input.align().empty()) add("align=" + input.align());
  if (input.has_pad()) add("pad=" + std::to_string(input.pad()));
  set.options(options);
}

namespace {

Properties infer_properties(const config::Inference& inference) {
  Properties infer;
  Setter set(infer);
  for (const auto& [name, value] : inference.property()) set.text(name.c_str(), value);
  const bool model_file = config::is_text_config(inference.model());
  if (!model_file) set.text("model", inference.model());
  set.text("device", inference.device());
  set.positive("threads", inference.threads());
  set.text("precision", inference.precision());
  set.positive("batch-size", inference.batch_size());
  set.positive("max-delay", inference.max_delay_ms());
  set.positive("max-inflight", inference.max_inflight());
  set.positive("interval", inference.interval());
  set.text("drop-policy", inference.drop_policy());
  set.text("decoder", inference.decoder());
  set.text("labels", joined(inference.label()));
  if (inference.has_score()) infer.try_emplace("score-threshold", number(inference.score()));
  if (inference.has_iou()) infer.try_emplace("iou-threshold", number(inference.iou()));
  set.positive("max-detections", inference.max_detections());
  set.text("classes", joined(inference.classes()));
  set.options(as_options(inference.option()));
  if (model_file) {
    config::Model model;
    config::load(inference.model(), model);
    apply_model(model, infer);
  }
  return infer;
}

}  // namespace

PipelineConfig from_deployment(const config::Deployment& deployment) {
  PipelineConfig pipeline;
  for (const config::Source& from : deployment.source()) {
    SourceConfig source;
    source.uri = from.uri();
    source.name = from.name();
    source.width = from.width();
    source.height = from.height();
    source.fps = from.fps();
    source.live = from.live();
    if (from.seed() != 0) source.properties["seed"] = std::to_string(from.seed());
    pipeline.sources.push_back(std::move(source));
  }
  pipeline.infer = infer_properties(deployment.inference());
  pipeline.draw = deployment.has_draw();
  for (const auto& [name, value] : deployment.draw().property()) pipeline.draw_properties[name] = value;
  pipeline.sinks.assign(deployment.sink().begin(), deployment.sink().end());
  pipeline.max_frames = deployment.max_frames();
  if (deployment.stall_timeout_s() > 0) pipeline.stall_timeout_s = deployment.stall_timeout_s();
  return pipeline;
}

}  // namespace vireo::deployment
