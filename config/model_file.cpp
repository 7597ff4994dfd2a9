// A model file's words become properties of vireoinfer.

#include <charconv>

#include "config/loader.h"
#include "config/model.pb.h"
#include "config/text_file.h"

namespace vireo::config {
namespace {

namespace fs = std::filesystem;

std::string number(double value) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, static_cast<float>(value)).ptr};
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

std::string absolute(const fs::path& file, const std::string& path) {
  if (path.empty()) return path;
  return (fs::absolute(file).parent_path() / path).lexically_normal().string();
}

}  // namespace

void apply_model_file(const fs::path& path, Options& infer) {
  Model model;
  google::protobuf::TextFormat::ParseInfoTree places;
  parse_text(path, model, places);
  const Node root(model, &places, path);
  const std::vector<Node> inputs = root.children("input");
  const auto set = [&](const char* property, const std::string& value, const char* field, bool of_input = false) {
    if (value.empty()) return;
    Place at = of_input ? inputs[0].place(field) : root.place(field);
    at.written = field;
    infer.try_emplace(property, Option{value, std::move(at)});
  };
  const Input& input = model.input();
  set("model", absolute(path, model.network()), "network");
  set("decoder", model.decoder(), "decoder");
  if (model.label_size() > 0) {
    set("labels", joined(model.label()), "label");
  } else {
    set("labels", absolute(path, model.labels_file()), "labels_file");
  }
  set("input-size", input.size(), "size", true);
  set("layout", input.layout(), "layout", true);
  set("color", input.color(), "color", true);
  set("mean", joined(input.mean()), "mean", true);
  set("scale", joined(input.scale()), "scale", true);
  set("resize", input.resize(), "resize", true);
  if (model.has_score()) set("score-threshold", number(model.score()), "score");
  if (model.has_iou()) set("iou-threshold", number(model.iou()), "iou");
  if (model.max_detections() > 0) set("max-detections", std::to_string(model.max_detections()), "max_detections");
  // Free-form options stand before those that are set already: later ones win.
  std::string options;
  const auto add = [&](const std::string& option) { options += (options.empty() ? "" : ";") + option; };
  for (const auto& [name, value] : model.option()) add(name + "=" + value);
  if (!input.align().empty()) add("align=" + input.align());
  if (input.has_pad()) add("pad=" + std::to_string(input.pad()));
  if (options.empty()) return;
  Option& held = infer["options"];
  if (held.value.empty()) held.place = {path.string()};
  held.value = held.value.empty() ? options : options + ";" + held.value;
}

}  // namespace vireo::config
