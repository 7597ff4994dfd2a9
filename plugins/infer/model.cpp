#include "plugins/infer/model.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "engine/api/builder.h"
#include "engine/api/device.h"
#include "engine/api/log.h"
#include "plugins/infer/plan_cache.h"
#include "plugins/infer/reading.h"
#include "plugins/preprocess/input_guess.h"

namespace vireo::infer {
namespace {

sdk::Params size_params(const ModelOptions& options) {
  sdk::Params params;
  if (!options.size.empty()) params.set("size", options.size);
  if (!options.layout.empty()) params.set("layout", options.layout);
  return params;
}

/// One profile that spans the batches a lane may hold, at the one picture size in use.
Profile profile_for(const std::vector<TensorInfo>& inputs, const sdk::InputSpec& spec, int batch) {
  Profile profile;
  for (const TensorInfo& input : inputs) {
    if (is_static(input.dims)) continue;
    const bool picture = input.name == spec.name;
    const bool open = input.dims[0] == kUnknown;
    const auto at = [&](std::int64_t images) {
      Dims dims = picture ? spec.dims(images) : input.dims;
      if (!picture) std::replace(dims.begin(), dims.end(), kUnknown, std::int64_t{2});
      if (!picture && !dims.empty()) dims[0] = images;
      return dims;
    };
    const std::int64_t fixed = open ? 0 : input.dims[0];
    // What is chosen by measurement is tuned for single images, and has to beat them.
    const std::int64_t most = batch > 0 ? batch : EngineBackend::kMostMeasured, usual = std::max(1, batch);
    profile.push_back({input.name, at(open ? 1 : fixed), at(open ? usual : fixed), at(open ? most : fixed)});
  }
  return profile;
}

/// One of each kind: equal ones share a section of the plan.
std::vector<std::string> unlike_devices(const std::vector<std::string>& names) {
  if (names.size() == 1) return names;
  std::vector<std::string> list;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    const std::optional<DeviceInfo> info = find_device(name);
    if (!info || seen.insert(info->fingerprint).second) list.push_back(name);
  }
  return list;
}

Plan build_for(const ModelOptions& options, const CachedPlan& cached, int batch) {
  Network network = import_onnx(options.path);
  cached.label(network);
  BuildOptions build_options;
  build_options.devices = unlike_devices(options.devices());
  build_options.precision = options.precision;
  build_options.budget_s = options.build_budget_s;
  build_options.threads = options.threads;
  const sdk::InputSpec spec = preprocess::guess_input(network.inputs(), {}, size_params(options));
  if (Profile profile = profile_for(network.inputs(), spec, batch); !profile.empty()) {
    build_options.profiles.push_back(std::move(profile));
  }
  return build(std::move(network), build_options);
}

Plan build_plan(const ModelOptions& options, const CachedPlan& cached) {
  try {
    return build_for(options, cached, options.batch);
  } catch (const Error& error) {
    // A batch extent that is open to the outside and fixed within shows when shapes are followed through the network.
    const bool shapes = error.code() == ErrorCode::invalid_model || error.code() == ErrorCode::invalid_argument;
    if (options.batch == 1 || !shapes) throw;
    log(LogLevel::info, options.path.string() + ": built for single images, since " + error.what());
  }
  return build_for(options, cached, 1);
}

/// One model for each key; the entry's lock is held while it loads, so that others wait for it.
struct Registry {
  struct Entry {
    std::mutex mutex;
    std::weak_ptr<Model> model;
  };
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Entry>> entries;

  std::shared_ptr<Entry> entry(const std::string& key) {
    std::lock_guard lock(mutex);
    auto& found = entries[key];
    if (!found) found = std::make_shared<Entry>();
    return found;
  }
};

}  // namespace

std::string ModelOptions::key() const {
  std::error_code ignored;
  // The folder of a link, not its target's: external weights lie there.
  const auto folder = std::filesystem::weakly_canonical(std::filesystem::absolute(path).parent_path(), ignored);
  const auto full = folder / path.filename();
  const auto time = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
  return full.string() + "|" + std::to_string(time) + "|" + device + "|" + std::string(to_string(precision)) + "|" +
         std::to_string(threads) + "|" + std::to_string(batch) + "|" + std::to_string(contexts) + "|" + size + "|" +
         layout;
}

std::vector<std::string> ModelOptions::devices() const {
  if (device != "opencl:all") return {device};
  std::vector<std::string> all, processors;
  for (const DeviceInfo& info : list_devices()) {
    if (!info.usable || info.name.rfind("opencl:", 0) != 0) continue;
    (info.type == "cpu" ? processors : all).push_back(info.name);
  }
  if (all.empty()) all = processors;
  if (all.empty())
    throw Error(ErrorCode::unsupported,
                "device 'opencl:all': this machine has no OpenCL device; `vireo doctor` tells how to get one");
  return all;
}

std::shared_ptr<Model> Model::open(const ModelOptions& options) {
  static Registry registry;
  const auto entry = registry.entry(options.key());
  std::lock_guard lock(entry->mutex);
  if (auto model = entry->model.lock()) return model;
  auto model = std::make_shared<Model>(options);
  entry->model = model;
  return model;
}

Model::Model(const ModelOptions& options) : options_(options) {
  const auto start = Clock::now();
  load();
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  batcher_ = std::make_unique<Batcher>(*backend_, std::clamp(cores / 2, 1, 4));
  load_seconds_ = std::chrono::duration<double>(Clock::now() - start).count();
  if (!backend_->batch_note().empty()) log(LogLevel::warning, options.path.string() + ": " + backend_->batch_note());
}

Model::~Model() = default;

void Model::load() {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(options_.path, missing)) {
    throw Error(ErrorCode::not_found,
                "model '" + options_.path.string() + "': no such file; accepted is an ONNX or plan file");
  }
  if (Plan::is_plan(options_.path)) return set_up(Plan::load(options_.path));
  const CachedPlan cached(options_);
  if (const std::optional<Plan> plan = cached.load()) {
    try {
      return set_up(*plan);
    } catch (const Error& error) {  // damaged further inside: found when it is read
      cached.refuse(error.what());
    }
  }
  const Plan plan = build_plan(options_, cached);
  set_up(plan);
  cached.store(plan);
}

void Model::set_up(const Plan& plan) {
  std::vector<std::shared_ptr<Engine>> engines;
  const std::vector<std::string> devices = options_.devices();
  for (const std::string& device : devices)
    engines.push_back(Engine::load(plan, Device{device}, EngineOptions{options_.threads}));
  const std::shared_ptr<Engine>& engine = engines.front();
  const sdk::InputSpec spec = preprocess::guess_input(engine->inputs(), {}, size_params(options_));
  backend_ =
      std::make_unique<EngineBackend>(engines, spec, EngineBackendOptions{options_.batch, options_.contexts, devices});
  description_ = describe_model(backend_->image_inputs(), backend_->image_outputs(), engine->metadata());
  image_seconds_ = backend_->warm_up();
}

}  // namespace vireo::infer
