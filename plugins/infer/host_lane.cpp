#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "plugins/infer/lane.h"

namespace vireo::infer {
namespace {

class HostLane final : public Lane {
 public:
  HostLane(const LaneNetwork& network, Engine& engine, HostSharing& sharing, bool apart);
  [[nodiscard]] void* memory(int image) override {
    padding_[std::size_t(image)] = {};  // whoever asks may write anything
    return at(image);
  }
  [[nodiscard]] Canvas canvas(int image) override;
  [[nodiscard]] std::optional<sdk::Geometry> put(int, const sdk::InputSpec&, const sdk::Image&) override { return {}; }
  void want(int, const std::optional<sdk::CellFilter>&) noexcept override {}
  [[nodiscard]] Status enqueue(int count) noexcept override;
  [[nodiscard]] Status wait() noexcept override { return stream_.synchronize(); }
  [[nodiscard]] Status run(int count) noexcept override { return run(count, false); }
  [[nodiscard]] Status run_beside(int count) noexcept override { return run(count, true); }
  [[nodiscard]] std::vector<sdk::TensorView> outputs(int image) override;
  double warm_up() override;
  [[nodiscard]] std::uint64_t memory_bytes() const override;

 private:
  /// A context, all of which read and write the same buffers.
  struct Way {
    std::unique_ptr<Context> context;
    int count = -1;
  };
  [[nodiscard]] std::byte* at(int image) const {
    return input_.data() + std::size_t(image) * network_.spec.image_bytes();
  }
  void allocate();
  void set_count(Way& way, int count);
  [[nodiscard]] Status prepare(Way& way, int count) noexcept;
  [[nodiscard]] Status run(int count, bool beside) noexcept;

  const LaneNetwork& network_;
  HostSharing& sharing_;
  Way whole_, half_;  ///< the second may be missing
  Way* ran_ = &whole_;
  Stream stream_;
  Buffer input_;
  std::vector<preprocess::Padding> padding_;  ///< by image
  preprocess::Parallel parallel_;
  std::vector<Buffer> outputs_;
  std::vector<Buffer> late_;       ///< outputs whose shape depends on data, of the last run
  std::vector<Dims> output_dims_;  ///< of the last run
};

HostLane::HostLane(const LaneNetwork& network, Engine& engine, HostSharing& sharing, bool apart)
    : network_(network), sharing_(sharing), stream_(engine.create_stream()) {
  whole_.context = engine.create_context();
  if (apart) half_.context = engine.create_context({.threads = std::max(1, engine.threads() / 2)});
  allocate();
  padding_.resize(std::size_t(network_.batch));
  // Where the engine counts on all cores, a thread beside it would take one of them from a worker in the midst of a
  // tile, for which the others then wait.
  if (engine.threads() >= int(std::thread::hardware_concurrency()))
    parallel_ = [&engine](int parts, const std::function<void(int)>& body) { engine.run_on_workers(parts, body); };
}

/// Buffers for the largest batch, bound once; smaller batches use their beginnings.
void HostLane::allocate() {
  Context& context = *whole_.context;
  network_.shape(context, network_.batch);
  if (half_.context) network_.shape(*half_.context, network_.batch);
  const auto allocated = [&](const std::string& name) {
    const Buffer buffer = context.allocate(name);
    if (half_.context) half_.context->bind(name, buffer);
    return buffer;
  };
  for (const TensorInfo& input : network_.inputs) {
    const Buffer buffer = allocated(input.name);
    if (input.name == network_.spec.name) {
      input_ = buffer;
      continue;
    }
    const std::vector<float> values = network_.size_or_scale(input);
    buffer.write(values.data(), values.size() * sizeof(float));
  }
  for (const TensorInfo& output : network_.outputs) {
    // What depends on data has its memory in the context and is asked for after each run.
    const bool known = is_static(context.shape(output.name));
    outputs_.push_back(known ? allocated(output.name) : Buffer());
  }
  output_dims_.resize(outputs_.size());
  late_.resize(outputs_.size());
  set_count(whole_, network_.batch);
}

void HostLane::set_count(Way& way, int count) {
  if (way.count != count && network_.open_batch) network_.shape(*way.context, count);
  if (way.count == count && ran_ == &way) return;
  for (std::size_t i = 0; i < outputs_.size(); ++i) output_dims_[i] = way.context->shape(network_.outputs[i].name);
  way.count = count;
  ran_ = &way;
}

Status HostLane::prepare(Way& way, int count) noexcept {
  try {
    set_count(way, network_.open_batch ? count : network_.batch);
  } catch (const std::exception&) {
    return {ErrorCode::internal, "the network refused a batch size that it accepted before"};
  }
  return {};
}

Status HostLane::enqueue(int count) noexcept {
  const Status status = prepare(whole_, count);
  return status.ok() ? whole_.context->enqueue(stream_) : status;
}

/// By the thread that calls: it becomes one of the engine's workers, and no other has to wake for it.
Status HostLane::run(int count, bool beside) noexcept {
  const int others = sharing_.running++;
  const bool apart =
      sharing_.rule == HostSharing::Rule::apart || (sharing_.rule == HostSharing::Rule::busy && (beside || others > 0));
  Way& way = apart && half_.context ? half_ : whole_;
  Status status = prepare(way, count);
  if (status.ok()) status = way.context->run();
  --sharing_.running;
  return status;
}

/// Batches that run apart leave it to the system who has a core: nobody waits for the others' tiles.
Canvas HostLane::canvas(int image) {
  const bool alone = sharing_.rule == HostSharing::Rule::whole || sharing_.running == 0;
  return {at(image), &padding_[std::size_t(image)], alone ? parallel_ : preprocess::Parallel()};
}

std::vector<sdk::TensorView> HostLane::outputs(int image) {
  std::vector<sdk::TensorView> views;
  views.reserve(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorInfo& info = network_.outputs[i];
    sdk::TensorView whole{info.name, info.dtype, output_dims_[i], outputs_[i].data()};
    if (!outputs_[i]) {
      whole.dims = ran_->context->shape(info.name);
      late_[i] = ran_->context->result(info.name);
      whole.data = late_[i].data();
    }
    views.push_back(ran_->count == 1 ? whole : sdk::slice_batch(whole, image, ran_->count));
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
  for (Way* way : {&whole_, &half_})
    for (int count = 1; way->context && network_.open_batch && count <= network_.batch; ++count) set_count(*way, count);
  if (network_.open_batch && network_.batch > 1) run_once(1);
  run_once(network_.batch);
  return seconds;
}

std::uint64_t HostLane::memory_bytes() const {
  std::uint64_t bytes = input_.bytes();
  for (const Way* way : {&whole_, &half_}) bytes += way->context ? way->context->arena_bytes() : 0;
  for (const Buffer& buffer : outputs_) bytes += buffer.bytes();
  return bytes;
}

}  // namespace

std::unique_ptr<Lane> make_host_lane(const LaneNetwork& network, Engine& engine, HostSharing& sharing, bool apart) {
  return std::make_unique<HostLane>(network, engine, sharing, apart);
}

}  // namespace vireo::infer
