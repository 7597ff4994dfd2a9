#pragma once
// One stream's view of a shared model: its own preprocessing and decoder settings, with scratch for every thread of the
// batcher. prepare and decode are called from the batcher's threads with their worker and lane numbers.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/decode/decoders.h"
#include "plugins/infer/model.h"
#include "plugins/preprocess/preprocess.h"
#include "plugins/sdk/detection.h"
#include "plugins/sdk/frame.h"

namespace vireo::infer {

class Session {
 public:
  /// `decoder` is a family's name, or empty to choose by the model's structure, or "none" for raw outputs only.
  /// `params` are options of the decoder and of the input (decode::common_params(), the family's,
  /// preprocess::input_params()).
  Session(std::shared_ptr<Model> model, const std::string& decoder, const sdk::Params& params);

  /// What of the outputs decode() is to be given: what the decoder looks at, or all, for whoever looks at them too.
  enum class Outputs : std::uint8_t { as_decoded, whole };
  sdk::Geometry prepare(const sdk::Image& image, const Slot& slot, int worker, Outputs outputs = Outputs::as_decoded);
  void decode(std::span<const sdk::TensorView> outputs, const sdk::Geometry& geometry, sdk::FrameResult& result,
              int lane) {
    if (!decoders_.empty()) decoders_[lane]->decode(outputs, geometry, result);
  }

  [[nodiscard]] Model& model() noexcept { return *model_; }
  [[nodiscard]] std::shared_ptr<Model> shared_model() const { return model_; }
  [[nodiscard]] const sdk::InputSpec& input() const noexcept { return input_; }
  [[nodiscard]] const std::string& decoder() const noexcept { return decoder_; }
  /// Model, input, decoder and why, in one line for the log.
  [[nodiscard]] const std::string& summary() const noexcept { return summary_; }

 private:
  std::shared_ptr<Model> model_;
  sdk::InputSpec input_;
  std::string decoder_, summary_;
  std::vector<preprocess::Preprocessor> preprocessors_;
  std::vector<std::unique_ptr<sdk::Decoder>> decoders_;
};

}  // namespace vireo::infer
