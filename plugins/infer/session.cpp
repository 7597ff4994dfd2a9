#include "plugins/infer/session.h"

#include "engine/api/log.h"
#include "plugins/decode/labels.h"
#include "plugins/infer/reading.h"
#include "plugins/preprocess/input_guess.h"

namespace vireo::infer {
Session::Session(std::shared_ptr<Model> model, const std::string& decoder, const sdk::Params& params)
    : model_(std::move(model)) {
  const ModelOptions& options = model_->options();
  sdk::Params input_params = params;
  if (!options.size.empty()) input_params.set("size", options.size);
  if (!options.layout.empty()) input_params.set("layout", options.layout);
  const Reading reading = read_model(model_->description(), decoder, input_params);
  decoder_ = reading.decoder();
  if (reading.choice) {
    class_names_ = decode::choose_labels(model_->description(), params, -1);
    for (int lane = 0; lane < model_->batcher().lanes(); ++lane) {
      decoders_.push_back(
          decode::create_decoder(*reading.choice, model_->description(), params, preprocess::input_params()));
    }
  } else {
    const std::span<const sdk::ParamRow> tables[] = {preprocess::input_params(), decode::common_params()};
    params.check(tables);
  }
  input_ = reading.input;
  for (int worker = 0; worker < model_->batcher().workers(); ++worker) preprocessors_.emplace_back(input_);
  summary_ = options.path.filename().string() + ": " + reading.summary();
  log(LogLevel::info, summary_);
}

void Session::count_classes_as(const Session& other) {
  if (other.class_names_.empty() || class_names_.empty() || other.class_names_ == class_names_) return;
  counted_.emplace();
  for (std::size_t i = 0; i < other.class_names_.size(); ++i) counted_->emplace(other.class_names_[i], int(i));
}

void Session::decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry, sdk::FrameResult& result,
                     int lane) {
  if (decoders_.empty()) return;
  decoders_[lane]->decode(outputs, geometry, result);
  if (!counted_) return;
  const auto unknown = [&](auto& entry) {
    const auto found = counted_->find(entry.label);
    if (found != counted_->end()) entry.class_id = found->second;
    return found == counted_->end();
  };
  std::erase_if(result.detections, unknown);
  std::erase_if(result.classes, unknown);
}

sdk::Geometry Session::prepare(const sdk::Image& image, const Slot& slot, int worker, Outputs outputs) {
  Lane& lane = model_->backend().lane(slot.lane);
  std::optional<sdk::Geometry> geometry = lane.put(slot.index, input_, image);
  if (!geometry) {
    const Canvas canvas = lane.canvas(slot.index);
    geometry = preprocessors_[worker].run(image, canvas.memory, canvas.parallel, canvas.padding);
  }
  const bool whole = outputs == Outputs::whole || decoders_.empty();
  lane.want(slot.index, whole ? std::nullopt : decoders_[slot.lane]->filter());
  return *geometry;
}

}  // namespace vireo::infer
