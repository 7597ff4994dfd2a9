#pragma once
// What the engine's commands share: the flags that say how to build, and loading a model or plan with them.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/files/outputs.h"
#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/api/tensor_file.h"

namespace vireo::cli {

struct ModelFlags {
  std::string model;
  std::vector<std::string> devices;
  std::string precision = "fp32";
  bool fp16 = false, bf16 = false, int8 = false, best = false;
  std::string min_shapes, opt_shapes, max_shapes, shapes;
  std::string workspace, max_tensor, max_memory;  ///< sizes as the user wrote them
  double max_seconds = 0;
  double budget_s = 10;
  std::string timing_cache;
  bool exact = false;
  bool keep_packed = false, strip = false;  ///< of plans that are saved
  std::vector<std::string> disabled_passes, plugins;
  int threads = 0;
  bool random_weights = false;
  std::uint64_t weights_seed = 1;
  bool quiet = false;
};

/// MODEL and the build flags, with trtexec's names as aliases.
void add_model_flags(Command& command, ModelFlags& flags);

/// The value of --precision and its aliases. Throws Error for an unknown name.
[[nodiscard]] Precision parse_precision(const ModelFlags& flags);

/// The network of an ONNX file, with weights drawn where the flags ask for that and it has none; says how many on
/// stderr.
[[nodiscard]] Network import_model(const ModelFlags& flags);

/// The values of --max-tensor, --max-memory and --max-seconds; defaults where they aren't given.
[[nodiscard]] Limits limits_of(const ModelFlags& flags);

/// "a:1x3x224x224,b:1x10" → shapes by input; a lone "1x3x224x224" is for the only input (name ""). Throws Error.
[[nodiscard]] std::map<std::string, Dims> parse_shapes(const std::string& text);

/// Shapes of every input: as given, else static, else the plan's profile, else 1 for batch-like extents (an error when
/// an extent other than the first is unknown).
[[nodiscard]] std::map<std::string, Dims> resolve_shapes(const std::vector<TensorInfo>& inputs, const std::string& text,
                                                         const std::vector<Profile>& profiles = {});

struct Loaded {
  Plan plan;
  std::string device;
  std::shared_ptr<Engine> engine;
  std::map<std::string, Dims> shapes;  ///< of all inputs
  double build_s = 0, load_s = 0;
};

/// What one run on tensors of files gave.
struct Ran {
  std::shared_ptr<Engine> engine;
  std::vector<HostTensor> outputs;  ///< in the network's order
};
/// Builds or loads the model, as its flags say, and runs it once on input_0.pb, … of the folder, at their shapes.
[[nodiscard]] Ran run_on_files(const ModelFlags& flags, const Outputs& files, const std::string& folder);

/// The files that these flags have the command read and write; the command adds those of its own flags.
[[nodiscard]] Outputs files_of(const ModelFlags& flags);

/// Imports and builds a model, or loads a plan, with progress on stderr. The command's files are checked before
/// anything is opened, and again before the build with the files that the model names.
[[nodiscard]] Plan make_plan(const ModelFlags& flags, Outputs files, double& build_s);
[[nodiscard]] Loaded load_model(const ModelFlags& flags, Outputs files);

/// What the plan holds, one line a section: device, workers, tactics, sizes.
void print_sections(const Plan& plan);

/// A context at the loaded shapes with a buffer for every tensor; float inputs random in [-1, 1), seeded. `resident`:
/// the buffers are memory of the engine's device, which the host may not see.
[[nodiscard]] std::unique_ptr<Context> make_context(Loaded& loaded, const ContextOptions& options,
                                                    std::map<std::string, Buffer>* buffers = nullptr,
                                                    bool resident = false);

/// The files input_0.pb, input_1.pb, … of a folder.
[[nodiscard]] std::vector<std::filesystem::path> input_files(const std::string& folder);
/// The tensors input_0.pb, input_1.pb, … of a folder, in the graph's order. Throws Error when there is none.
[[nodiscard]] std::vector<HostTensor> read_inputs(const std::string& folder);
/// Throws Error unless there is one tensor of the right type for each input of the engine.
void check_inputs(const Engine& engine, const std::vector<HostTensor>& tensors, const std::string& folder);

}  // namespace vireo::cli
