#pragma once
// A model ready to take frames: engine, contexts and batcher, shared by all in the process that ask for the same file
// with the same options. It lives as long as one of them holds it. open() may be called from any thread; a second
// caller waits for the first one's build instead of building again.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "engine/api/types.h"
#include "plugins/infer/batcher.h"
#include "plugins/infer/engine_backend.h"
#include "plugins/sdk/decoder.h"
#include "plugins/sdk/params.h"

namespace vireo::infer {

class CachedPlan;

struct ModelOptions {
  std::filesystem::path path;  ///< ONNX or plan
  std::string device = "cpu";  ///< "opencl:all": a replica on every OpenCL GPU, or accelerator, that there is
  Precision precision = Precision::fp32;
  int threads = 0;            ///< 0: all cores
  int batch = 1;              ///< most images in one inference; 0: what measures quickest, where the host computes
  int contexts = 3;           ///< inferences prepared, running or being decoded at once
  double build_budget_s = 2;  ///< for tactic timing when the file is ONNX
  std::string size, layout;   ///< for open inputs, see preprocess::input_params(); empty: by the model
  std::filesystem::path plan_cache;  ///< folder for plans built from ONNX (plan_cache.h); empty: plans are not kept

  /// Equal for options that can share a model.
  [[nodiscard]] std::string key() const;
  /// What `device` stands for. Throws Error(unsupported) where "opencl:all" finds none.
  [[nodiscard]] std::vector<std::string> devices() const;
};

/// What a model's loading is at ("building engine for yolov8n on opencl:0: compiling 1 of 4") and how much of that is
/// done, 0 to 1; told by the thread that loads, several times a second. Return false to cancel.
using Telling = std::function<bool(const std::string& doing, double fraction)>;

class Model {
 public:
  /// `telling` is used until it returns. Throws Error; Error(cancelled) where telling() says so.
  [[nodiscard]] static std::shared_ptr<Model> open(const ModelOptions& options, const Telling& telling = {});
  explicit Model(const ModelOptions& options, Telling telling = {});
  ~Model();

  [[nodiscard]] const ModelOptions& options() const noexcept { return options_; }
  [[nodiscard]] const sdk::ModelDescription& description() const noexcept { return description_; }
  [[nodiscard]] const EngineBackend& backend() const noexcept { return *backend_; }
  [[nodiscard]] EngineBackend& backend() noexcept { return *backend_; }
  [[nodiscard]] Batcher& batcher() noexcept { return *batcher_; }
  [[nodiscard]] double image_seconds() const noexcept {
    return image_seconds_;
  }  ///< of one inference, measured at load
  [[nodiscard]] double load_seconds() const noexcept { return load_seconds_; }

 private:
  void load();
  [[nodiscard]] Plan build_plan(const CachedPlan& cached) const;
  void set_up(const Plan& plan);

  ModelOptions options_;
  std::shared_ptr<Telling> telling_;  ///< empty once it is loaded; shared with the engines
  sdk::ModelDescription description_;
  std::unique_ptr<EngineBackend> backend_;
  std::unique_ptr<Batcher> batcher_;
  double image_seconds_ = 0, load_seconds_ = 0;
};

}  // namespace vireo::infer
