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

/// The images of a batch that the plan is tuned for, and the least and most that it takes with that.
struct Batches {
  int least = 1, usual = 1, most = 1;
};

/// The network's inputs at these batches, at the one picture size in use. Empty where nothing is open.
Profile profile_for(const std::vector<TensorInfo>& inputs, const sdk::InputSpec& spec, const Batches& batches) {
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
    profile.push_back({input.name, at(open ? batches.least : fixed), at(open ? batches.usual : fixed),
                       at(open ? batches.most : fixed)});
  }
  return profile;
}

/// On the CPU one for all batches that a lane may hold; on devices, whose programs are compiled for each, one for each
/// of the sizes that a lane has (device_lane.cpp), the largest first.
std::vector<Profile> profiles_for(const std::vector<TensorInfo>& inputs, const sdk::InputSpec& spec,
                                  const ModelOptions& options, int batch) {
  std::vector<Batches> list;
  // What is chosen by measurement is tuned for single images, and has to beat them.
  const int most = batch > 0 ? batch : EngineBackend::kMostMeasured;
  list.push_back({1, std::max(1, batch), most});
  if (options.device != "cpu") {
    int images = 1;
    while (2 * images < most) images *= 2;
    for (; images >= 1 && images < most; images /= 2) list.push_back({images, images, images});
  }
  std::vector<Profile> profiles;
  for (const Batches& batches : list) {
    Profile profile = profile_for(inputs, spec, batches);
    const bool open = std::ranges::any_of(profile, [](const ShapeRange& range) { return range.min != range.max; });
    if (profile.empty() || (!profiles.empty() && profile.front().opt == profiles.front().front().opt)) break;
    profiles.push_back(std::move(profile));
    if (!open && profiles.size() == 1) break;
  }
  return profiles;
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

Plan build_for(const ModelOptions& options, const CachedPlan& cached, int batch, const Progress& progress) {
  Network network = import_onnx(options.path);
  cached.label(network);
  BuildOptions build_options;
  build_options.devices = unlike_devices(options.devices());
  build_options.precision = options.precision;
  build_options.budget_s = options.build_budget_s;
  build_options.threads = options.threads;
  const sdk::InputSpec spec = preprocess::guess_input(network.inputs(), {}, size_params(options));
  build_options.profiles = profiles_for(network.inputs(), spec, options, batch);
  return build(std::move(network), build_options, progress);
}

/// One model for each key; the entry's lock is held while it loads, so that others wait for it.
struct Registry {
  struct Entry {
    std::timed_mutex mutex;
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

std::shared_ptr<Model> Model::open(const ModelOptions& options, const Telling& telling) {
  constexpr std::chrono::milliseconds kLook{50};
  static Registry registry;
  const auto entry = registry.entry(options.key());
  std::unique_lock lock(entry->mutex, std::defer_lock);
  while (!lock.try_lock_for(kLook))
    if (telling && !telling("waiting for " + options.path.stem().string() + ", which another stream loads", 0))
      throw Error(ErrorCode::cancelled, "model '" + options.path.string() + "' is not wanted any more");
  if (auto model = entry->model.lock()) return model;
  if (telling && !telling("loading " + options.path.stem().string() + " on " + options.device, 0))
    throw Error(ErrorCode::cancelled, "model '" + options.path.string() + "' is not wanted any more");
  auto model = std::make_shared<Model>(options, telling);
  entry->model = model;
  return model;
}

Model::Model(const ModelOptions& options, Telling telling)
    : options_(options), telling_(std::make_shared<Telling>(std::move(telling))) {
  const auto start = Clock::now();
  load();
  *telling_ = {};
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
      if (error.code() == ErrorCode::cancelled) throw;
      cached.refuse(error.what());
    }
  }
  const Plan plan = build_plan(cached);
  set_up(plan);
  cached.store(plan);
}

Plan Model::build_plan(const CachedPlan& cached) const {
  const std::string what = "building engine for " + options_.path.stem().string() + " on " + options_.device + ": ";
  const Progress progress = [&](std::string_view stage, double fraction) {
    return !*telling_ || (*telling_)(what + std::string(stage), fraction);
  };
  try {
    return build_for(options_, cached, options_.batch, progress);
  } catch (const Error& error) {
    // A batch extent that is open to the outside and fixed within shows when shapes are followed through the network.
    const bool shapes = error.code() == ErrorCode::invalid_model || error.code() == ErrorCode::invalid_argument;
    if (options_.batch == 1 || !shapes) throw;
    log(LogLevel::info, options_.path.string() + ": built for single images, since " + error.what());
  }
  return build_for(options_, cached, 1, progress);
}

void Model::set_up(const Plan& plan) {
  EngineOptions engine_options;
  engine_options.threads = options_.threads;
  engine_options.compiling = [telling = telling_, what = "loading " + options_.path.stem().string() + " on " +
                                                         options_.device +
                                                         ": kernels"](std::size_t made, std::size_t of) {
    return !*telling || (*telling)(what, static_cast<double>(made) / static_cast<double>(of));
  };
  std::vector<std::shared_ptr<Engine>> engines;
  const std::vector<std::string> devices = options_.devices();
  for (const std::string& device : devices) engines.push_back(Engine::load(plan, Device{device}, engine_options));
  const std::shared_ptr<Engine>& engine = engines.front();
  const sdk::InputSpec spec = preprocess::guess_input(engine->inputs(), {}, size_params(options_));
  backend_ =
      std::make_unique<EngineBackend>(engines, spec, EngineBackendOptions{options_.batch, options_.contexts, devices});
  description_ = describe_model(backend_->image_inputs(), backend_->image_outputs(), engine->metadata());
  image_seconds_ = backend_->warm_up();
}

}  // namespace vireo::infer
