#pragma once
// One stream's view of a shared model: its own preprocessing and decoder settings, with scratch for every thread of the
// batcher. prepare and decode are called from the batcher's threads with their worker and lane numbers.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
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
              int lane);
  /// Results get the class numbers that `other` has for the names; what it has no name for goes. Without effect where
  /// one of the two says nothing of its classes. Before the first frame.
  void count_classes_as(const Session& other);

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
  std::vector<std::string> class_names_;               ///< as far as the user or the model's metadata says
  std::optional<std::map<std::string, int>> counted_;  ///< numbers by name, where they are another session's
};

}  // namespace vireo::infer
