#include "plugins/infer/reading.h"

#include <cstdio>
#include <sstream>

#include "plugins/preprocess/input_guess.h"

namespace vireo::infer {
namespace {

/// The importer's note on how each output is computed; nothing for networks that were not imported.
std::vector<std::vector<std::string>> tails_in(const std::map<std::string, std::string>& metadata,
                                               std::size_t outputs) {
  const auto found = metadata.find("onnx.output_tails");
  if (found == metadata.end()) return {};
  std::vector<std::vector<std::string>> tails;
  std::istringstream lines(found->second);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    auto& tail = tails.emplace_back();
    for (std::string word; words >> word;) tail.push_back(word);
  }
  if (tails.size() > outputs) return {};
  return tails;
}

std::string describe_input(const sdk::InputSpec& input) {
  static constexpr const char* kColors[] = {"RGB", "BGR", "gray"};
  static constexpr const char* kResizes[] = {"letterbox", "stretch", "crop"};
  char text[256];
  std::snprintf(text, sizeof text, "'%s' %dx%d %s %s mean %g,%g,%g scale %g,%g,%g %s", input.name.c_str(), input.width,
                input.height, input.layout == sdk::Layout::nchw ? "NCHW" : "NHWC", kColors[int(input.style.color)],
                input.style.mean[0], input.style.mean[1], input.style.mean[2], input.style.scale[0],
                input.style.scale[1], input.style.scale[2], kResizes[int(input.style.resize)]);
  return text;
}

}  // namespace

sdk::ModelDescription describe_model(std::vector<TensorInfo> inputs, std::vector<TensorInfo> outputs,
                                     std::map<std::string, std::string> metadata) {
  sdk::ModelDescription model;
  model.output_tail = tails_in(metadata, outputs.size());
  model.inputs = std::move(inputs);
  model.outputs = std::move(outputs);
  model.metadata = std::move(metadata);
  return model;
}

std::string Reading::summary() const {
  return "input " + describe_input(input) + "; decoder " + decoder() + " (" +
         (choice ? choice->match.reason : "raw outputs only") + ")";
}

Reading read_model(const sdk::ModelDescription& model, const std::string& decoder, const sdk::Params& params) {
  Reading reading;
  sdk::InputStyle style;
  if (decoder != "none") {
    reading.choice = decode::choose_decoder(model, decoder);
    style = reading.choice->match.input;
  }
  reading.input = preprocess::guess_input(model.inputs, style, params);
  return reading;
}

}  // namespace vireo::infer
