#include <chrono>
#include <string>
#include <thread>

#include "plugins/infer/lane.h"

namespace vireo::infer {
namespace {

class HostLane final : public Lane {
 public:
  HostLane(const LaneNetwork& network, Engine& engine);
  [[nodiscard]] void* memory(int image) override {
    padding_[std::size_t(image)] = {};  // whoever asks may write anything
    return at(image);
  }
  [[nodiscard]] Canvas canvas(int image) override { return {at(image), &padding_[std::size_t(image)], parallel_}; }
  [[nodiscard]] std::optional<sdk::Geometry> put(int, const sdk::InputSpec&, const sdk::Image&) override { return {}; }
  void want(int, const std::optional<sdk::CellFilter>&) noexcept override {}
  [[nodiscard]] Status enqueue(int count) noexcept override;
  [[nodiscard]] Status wait() noexcept override { return stream_.synchronize(); }
  /// By the thread that calls: it becomes one of the engine's workers, and no other has to wake for it.
  [[nodiscard]] Status run(int count) noexcept override {
    const Status status = prepare(count);
    return status.ok() ? context_->run() : status;
  }
  [[nodiscard]] std::vector<sdk::TensorView> outputs(int image) override;
  double warm_up() override;
  [[nodiscard]] std::uint64_t memory_bytes() const override;

 private:
  [[nodiscard]] std::byte* at(int image) const {
    return input_.data() + std::size_t(image) * network_.spec.image_bytes();
  }
  void set_count(int count);
  [[nodiscard]] Status prepare(int count) noexcept;

  const LaneNetwork& network_;
  std::unique_ptr<Context> context_;
  Stream stream_;
  Buffer input_;
  std::vector<preprocess::Padding> padding_;  ///< by image
  preprocess::Parallel parallel_;
  std::vector<Buffer> outputs_;
  std::vector<Buffer> late_;       ///< outputs whose shape depends on data, of the last run
  std::vector<Dims> output_dims_;  ///< at `count_`
  int count_ = -1;
};

/// Buffers for the largest batch, bound once; smaller batches use their beginnings.
HostLane::HostLane(const LaneNetwork& network, Engine& engine)
    : network_(network), context_(engine.create_context()), stream_(engine.create_stream()) {
  network_.shape(*context_, network_.batch);
  for (const TensorInfo& input : network_.inputs) {
    const Buffer buffer = context_->allocate(input.name);
    if (input.name == network_.spec.name) {
      input_ = buffer;
      continue;
    }
    const std::vector<float> values = network_.size_or_scale(input);
    buffer.write(values.data(), values.size() * sizeof(float));
  }
  for (const TensorInfo& output : network_.outputs) {
    // What depends on data has its memory in the context and is asked for after each run.
    const bool known = is_static(context_->shape(output.name));
    outputs_.push_back(known ? context_->allocate(output.name) : Buffer());
  }
  output_dims_.resize(outputs_.size());
  late_.resize(outputs_.size());
  set_count(network_.batch);
  padding_.resize(std::size_t(network_.batch));
  // Where the engine counts on all cores, a thread beside it would take one of them from a worker in the midst of a
  // tile, for which the others then wait.
  if (engine.threads() >= int(std::thread::hardware_concurrency()))
    parallel_ = [&engine](int parts, const std::function<void(int)>& body) { engine.run_on_workers(parts, body); };
}

void HostLane::set_count(int count) {
  if (count_ == count) return;
  if (network_.open_batch) network_.shape(*context_, count);
  for (std::size_t i = 0; i < outputs_.size(); ++i) output_dims_[i] = context_->shape(network_.outputs[i].name);
  count_ = count;
}

Status HostLane::prepare(int count) noexcept {
  try {
    set_count(network_.open_batch ? count : network_.batch);
  } catch (const std::exception&) {
    return {ErrorCode::internal, "the network refused a batch size that it accepted before"};
  }
  return {};
}

Status HostLane::enqueue(int count) noexcept {
  const Status status = prepare(count);
  return status.ok() ? context_->enqueue(stream_) : status;
}

std::vector<sdk::TensorView> HostLane::outputs(int image) {
  std::vector<sdk::TensorView> views;
  views.reserve(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorInfo& info = network_.outputs[i];
    sdk::TensorView whole{info.name, info.dtype, output_dims_[i], outputs_[i].data()};
    if (!outputs_[i]) {
      whole.dims = context_->shape(info.name);
      late_[i] = context_->result(info.name);
      whole.data = late_[i].data();
    }
    views.push_back(count_ == 1 ? whole : sdk::slice_batch(whole, image, count_));
  }
  return views;
}

double HostLane::warm_up() {
  double seconds = 0;
  const auto run_once = [&](int count) {
    const auto start = std::chrono::steady_clock::now();
    if (const Status status = run(count); !status.ok())
      throw Error(status.code(), std::string("first inference: ") + status.message());
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / count;
  };
  // A size is compiled when it is set; running each, too, would be thousands of images for a large batch.
  for (int count = 1; network_.open_batch && count < network_.batch; ++count) set_count(count);
  if (network_.open_batch && network_.batch > 1) run_once(1);
  run_once(network_.batch);
  return seconds;
}

std::uint64_t HostLane::memory_bytes() const {
  std::uint64_t bytes = context_->arena_bytes() + input_.bytes();
  for (const Buffer& buffer : outputs_) bytes += buffer.bytes();
  return bytes;
}

}  // namespace

std::unique_ptr<Lane> make_host_lane(const LaneNetwork& network, Engine& engine) {
  return std::make_unique<HostLane>(network, engine);
}

}  // namespace vireo::infer
