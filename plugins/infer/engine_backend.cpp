#include "plugins/infer/engine_backend.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <thread>

#include "engine/api/log.h"

namespace vireo::infer {
namespace {

/// What networks of the Paddle family take besides the picture: its size and its scale, both [N,2]. The picture is
/// given at network size, boxes come back in network pixels.
bool is_size_or_scale(const TensorInfo& input) {
  return input.dtype == DataType::float32 && input.dims.size() == 2 &&
         (input.dims[1] == 2 || input.dims[1] == kUnknown);
}

[[noreturn]] void refuse_input(const TensorInfo& input, const std::string& picture) {
  throw Error(ErrorCode::unsupported,
              "input '" + input.name + "' (" + to_string(input.dims) + " " + std::string(to_string(input.dtype)) +
                  ") can't be filled from a picture: found beside the picture input '" + picture +
                  "'; accepted there are only float32 inputs of shape Nx2 (picture size, scale)");
}

}  // namespace

std::vector<float> LaneNetwork::size_or_scale(const TensorInfo& input) const {
  // With two such inputs the first is the size.
  const auto first = std::ranges::find_if(inputs, [&](const TensorInfo& i) { return i.name != spec.name; });
  const bool size = inputs.size() > 2 && first->name == input.name;
  std::vector<float> values;
  for (int i = 0; i < batch; ++i) {
    values.push_back(size ? float(spec.height) : 1.0f);
    values.push_back(size ? float(spec.width) : 1.0f);
  }
  return values;
}

EngineBackend::EngineBackend(std::vector<std::shared_ptr<Engine>> engines, const sdk::InputSpec& spec,
                             const EngineBackendOptions& options)
    : engines_(std::move(engines)), engine_(engines_.front()), options_(options) {
  network_.spec = spec;
  network_.inputs = engine_->inputs();
  network_.outputs = engine_->outputs();
  for (const TensorInfo& input : network_.inputs) {
    if (input.name != spec.name && !is_size_or_scale(input)) refuse_input(input, spec.name);
    if (input.name == spec.name) network_.open_batch = input.dims[0] == kUnknown;
    if (input.name == spec.name && !network_.open_batch)
      network_.batch = static_cast<int>(std::clamp<std::int64_t>(input.dims[0], 1, 1024));
  }
  choose_batch(options.batch > 0 ? options.batch : kMostMeasured);
  if (options.batch == 0) batch_note_.clear();  // none was asked for
  may_part_ = !on_device_ && engines_.size() == 1 && engine_->threads() > 1 && options.lanes > 1 &&
              std::ranges::all_of(options.devices, [](const std::string& device) { return device == "cpu"; });
  one_core_each_ = engine_->threads() == 2 && std::thread::hardware_concurrency() <= 2;
  make_lanes();
  if (on_device_) {
    const std::optional<DeviceInfo> info = find_device(options.devices.front());
    own_parts_ = info && info->type != "cpu";
  }
}

EngineBackend::~EngineBackend() = default;

void EngineBackend::make_lanes() {
  lanes_.clear();
  for (int i = 0; i < std::max(1, options_.lanes); ++i)
    for (std::size_t k = 0; k < engines_.size(); ++k)
      lanes_.push_back(on_device_ ? make_device_lane(network_, *engines_[k], {options_.devices.at(k)})
                                  : make_host_lane(network_, *engines_[k], sharing_, may_part_));
}

/// Describes the network for one image, then finds out whether its outputs grow with the batch.
void EngineBackend::choose_batch(int wanted) {
  auto probe = engine_->create_context();
  network_.shape(*probe, network_.open_batch ? 1 : network_.batch);
  describe(*probe);
  on_device_ = probe->allocate(network_.spec.name).kind() != MemoryKind::host;
  if (!network_.open_batch) {
    if (network_.batch != wanted && wanted > 1)
      batch_note_ = "the network's batch extent is fixed to " + std::to_string(network_.batch);
    return;
  }
  if (wanted == 1) return;
  try {
    network_.shape(*probe, wanted);
    for (std::size_t i = 0; i < network_.outputs.size(); ++i) {
      const std::string& name = network_.outputs[i].name;
      const Dims one = image_outputs_[i].dims, many = probe->shape(name);
      if (one.empty() || many.size() != one.size() || many[0] == kUnknown || many[0] != one[0] * wanted) {
        throw Error(ErrorCode::unsupported, "output '" + name + "' is " + to_string(many) + " for " +
                                                std::to_string(wanted) + " images and " + to_string(one) + " for one");
      }
    }
    network_.batch = wanted;
  } catch (const Error& error) {
    batch_note_ = std::string("images run one by one, the network can't batch: ") + error.what();
  }
}

void EngineBackend::describe(Context& context) {
  const std::int64_t images = network_.open_batch ? 1 : network_.batch;
  for (const TensorInfo& input : network_.inputs) {
    TensorInfo one = input;
    one.dims = network_.input_dims(input, 1);
    image_inputs_.push_back(std::move(one));
  }
  for (const TensorInfo& output : network_.outputs) {
    TensorInfo one = output;
    one.dims = context.shape(output.name);
    if (images > 1 && !one.dims.empty() && one.dims[0] > 0 && one.dims[0] % images == 0) one.dims[0] /= images;
    image_outputs_.push_back(std::move(one));
  }
}

int EngineBackend::lanes() const noexcept { return static_cast<int>(lanes_.size()); }
int EngineBackend::max_batch() const noexcept { return network_.batch; }
// On each engine one lane computes, the next is queued after it so that the device never waits for us, the rest are
// being filled.
int EngineBackend::concurrency() const noexcept { return std::min(2 * static_cast<int>(engines_.size()), lanes()); }

void* EngineBackend::slot(int index, int image) { return lane(index).memory(image); }

Status EngineBackend::run(int index, int count) noexcept { return lane(index).run(count); }
Status EngineBackend::run_beside(int index, int count) noexcept { return lane(index).run_beside(count); }
// A lane of several workers would leave them idle while its thread prepares: there others do that meanwhile.
bool EngineBackend::computes_in_caller() const noexcept {
  return one_core_each_ && sharing_.rule == HostSharing::Rule::busy;
}

std::vector<sdk::TensorView> EngineBackend::outputs(int index, int image, int) { return lane(index).outputs(image); }

const std::vector<TensorInfo>& EngineBackend::image_inputs() const noexcept { return image_inputs_; }
const std::vector<TensorInfo>& EngineBackend::image_outputs() const noexcept { return image_outputs_; }
const std::string& EngineBackend::batch_note() const noexcept { return batch_note_; }

/// Seconds of an image when `runs` batches are run so; negative when one fails. Two threads take them as they come, so
/// that something else on a core delays one, not both.
double EngineBackend::measure(const Way& way, int runs) {
  sharing_.rule = way.apart ? HostSharing::Rule::apart : HostSharing::Rule::whole;
  std::atomic<int> left{runs};
  std::atomic<bool> good{true};
  const auto work = [&](int lane) {
    while (left-- > 0)
      if (!lanes_[std::size_t(lane)]->run(way.count).ok()) good = false;
  };
  const auto start = std::chrono::steady_clock::now();
  std::thread second;
  if (way.apart) second = std::thread(work, 1);
  work(0);
  if (second.joinable()) second.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return good ? seconds / (runs * way.count) : -1;
}

/// On a CPU a batch shares the cost of starting a step and pays with the caches: small networks gain a third, large
/// ones lose as much. Two batches at once by half of the workers each don't wait for each other at each step: small
/// networks gain a third, too. The smallest way that is not clearly slower than the best. Of the same batch that is two
/// at once where each has one core: what else a pipeline does disturbs one of them there, not all workers, which wait
/// for each other (yolox_nano, 2 cores: 184 a second apart and 176 whole alone, 178 and 150 in a pipeline).
EngineBackend::Way EngineBackend::quickest_way(int least, int most) {
  constexpr int kRounds = 3;
  constexpr double kClearly = 1.05, kHopeless = 1.3;
  constexpr double kEnough = 0.03;                     // seconds of one measurement
  constexpr std::chrono::milliseconds kPatience{300};  // after the first round, of large networks
  std::vector<std::pair<Way, double>> seconds;         // of an image
  for (int count = least; count <= most; count *= 2)
    for (const bool apart : {one_core_each_, !one_core_each_})
      if (!apart || may_part_) seconds.emplace_back(Way{count, apart}, std::numeric_limits<double>::max());
  // A first run sets up what later ones find: it would look hopeless.
  if (may_part_ && measure({least, true}, 2) < 0) return {least, false};
  const auto begun = std::chrono::steady_clock::now();
  double quickest = std::numeric_limits<double>::max();
  for (int round = 0; round < kRounds; ++round) {
    if (round > 1 && std::chrono::steady_clock::now() - begun > kPatience) break;
    for (auto& [way, best] : seconds) {
      if (round > 0 && best > kHopeless * quickest) continue;
      // The first round tells how long one takes.
      const int runs = round == 0 ? 2 : int(std::clamp(kEnough / (best * way.count), 2.0, 8.0));
      const double found = measure(way, runs);
      if (found < 0) return {least, false};
      best = std::min(best, found);
      quickest = std::min(quickest, best);
    }
  }
  const auto best = std::ranges::min_element(seconds, {}, [](const auto& entry) { return entry.second; });
  return std::ranges::find_if(seconds, [&](const auto& entry) { return entry.second <= kClearly * best->second; })
      ->first;
}

/// Chooses the batch where none was asked for, and whether batches run beside each other.
void EngineBackend::measure_ways() {
  const bool batches = options_.batch == 0 && network_.open_batch && network_.batch > 1;
  if (!batches && !may_part_) return;
  lanes_.front()->warm_up();
  const Way way = quickest_way(batches ? 1 : network_.batch, network_.batch);
  sharing_.rule = way.apart ? HostSharing::Rule::busy : HostSharing::Rule::whole;
  log(LogLevel::info, "batches of " + std::to_string(way.count) +
                          (way.apart ? ", two beside each other by half of the workers each where frames wait"
                                     : ", one after the other by all workers") +
                          ": measured as the quickest");
  if (batches) network_.batch = std::min(network_.batch, way.count);
  may_part_ = way.apart;
  // A third one would only be filled by a thread that takes its core from the two that run.
  if (way.apart && one_core_each_) options_.lanes = std::min(options_.lanes, 2);
  make_lanes();  // with no more memory than they need
}

double EngineBackend::warm_up() {
  if (!on_device_) measure_ways();
  // Lanes of the engines stand in turns. On the CPU, and where it is the device, one of each engine stands for all.
  for (std::size_t k = own_parts_ ? lanes_.size() : engines_.size(); k-- > 1;) lanes_[k]->warm_up();
  return lanes_.front()->warm_up();
}

std::uint64_t EngineBackend::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& lane : lanes_) bytes += lane->memory_bytes();
  return bytes;
}

}  // namespace vireo::infer
