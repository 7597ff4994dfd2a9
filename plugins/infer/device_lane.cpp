// Batches run at powers of two and at the largest size, each by a context of its own that stays ready: a context that
// changed its shapes would set every kernel anew. A batch between two sizes leaves the last images of the larger one
// as they are. All contexts share the lane's buffers, so together they take about twice the largest one's activations.

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <mutex>
#include <string>

#include "engine/api/log.h"
#include "plugins/decode/device_cells.h"
#include "plugins/infer/lane.h"
#include "plugins/preprocess/device_preprocessor.h"

namespace vireo::infer {
namespace {

class DeviceLane final : public Lane {
 public:
  DeviceLane(const LaneNetwork& network, Engine& engine, const Device& device);
  ~DeviceLane() override { (void)stream_.synchronize(); }
  [[nodiscard]] void* memory(int image) override;
  [[nodiscard]] std::optional<sdk::Geometry> put(int image, const sdk::InputSpec& spec,
                                                 const sdk::Image& frame) override;
  void want(int image, const std::optional<sdk::CellFilter>& filter) noexcept override;
  [[nodiscard]] Status enqueue(int count) noexcept override;
  [[nodiscard]] Status wait() noexcept override { return stream_.synchronize(); }
  [[nodiscard]] std::vector<sdk::TensorView> outputs(int image) override;
  double warm_up() override;
  [[nodiscard]] std::uint64_t memory_bytes() const override;

 private:
  /// Everything at one batch size.
  struct Size {
    int images = 1;
    std::unique_ptr<Context> context;
    std::vector<Dims> dims;  ///< of the outputs
  };
  struct Output {
    Buffer device, host;  ///< none where the shape depends on data
    Buffer late;          ///< of the last run then
  };
  struct Image {
    bool by_host = false;  ///< written to memory(), not put() as a frame
    bool alone = false;    ///< nothing but the first output is needed
  };

  void add_size(Engine& engine, int images);
  void add_smaller_sizes(Engine& engine);
  [[nodiscard]] Size& size_for(int count) noexcept;
  [[nodiscard]] bool filters(int image) const noexcept { return cells_ && cells_->filters(image); }
  /// Bytes of an output's part for so many images of a batch of this size; all of it where it has no batch axis.
  [[nodiscard]] static std::size_t bytes_of(const Size& size, std::size_t output, DataType type, int images);
  [[nodiscard]] Status upload(int count) noexcept;
  [[nodiscard]] Status fetch(int count) noexcept;
  [[nodiscard]] Status fetch_image(std::size_t output, int image) noexcept;

  const LaneNetwork& network_;
  Device device_;
  Stream stream_;
  Buffer input_;
  std::vector<Buffer> other_inputs_;
  std::vector<Output> outputs_;
  std::vector<Size> sizes_;
  Size* ran_ = nullptr;  ///< by the last run
  std::vector<Image> images_;
  std::unique_ptr<preprocess::DevicePreprocessor> preprocessor_;
  std::unique_ptr<decode::DeviceCells> cells_;  ///< of the first output; null where it is small
  std::mutex mutex_;                            ///< of host_input_ while it is made
  Buffer host_input_;                           ///< what memory() gives; made when it is first asked for
};

DeviceLane::DeviceLane(const LaneNetwork& network, Engine& engine, const Device& device)
    : network_(network), device_(device), stream_(engine.create_stream()), images_(std::size_t(network.batch)) {
  const std::size_t most = std::size_t(network.batch);
  input_ = Buffer::on(device, MemoryKind::device, most * network.spec.image_bytes());
  for (const TensorInfo& input : network.inputs) {
    if (input.name == network.spec.name) continue;
    const std::vector<float> values = network.size_or_scale(input);
    other_inputs_.push_back(Buffer::on(device, MemoryKind::device, values.size() * sizeof(float)));
    other_inputs_.back().write(values.data(), values.size() * sizeof(float));
  }
  add_size(engine, network.batch);  // first: the buffers are made for it
  if (network.open_batch) add_smaller_sizes(engine);
  std::ranges::sort(sizes_, {}, &Size::images);
  preprocessor_ = std::make_unique<preprocess::DevicePreprocessor>(device, network.spec, network.batch);
  if (!network.outputs.empty()) {
    TensorInfo first = network.outputs.front();
    first.dims = sizes_.back().dims.front();
    if (first.dims.size() == 3 && first.dims[0] == network.batch) first.dims[0] = 1;
    if (decode::DeviceCells::takes(first, network.batch))
      cells_ = std::make_unique<decode::DeviceCells>(device, first, network.batch);
  }
}

void DeviceLane::add_size(Engine& engine, int images) {
  Size& size = sizes_.emplace_back();
  size.images = images;
  size.context = engine.create_context();
  network_.shape(*size.context, images);
  auto other = other_inputs_.begin();
  for (const TensorInfo& input : network_.inputs)
    size.context->bind(input.name, input.name == network_.spec.name ? input_ : *other++);
  for (const TensorInfo& output : network_.outputs) size.dims.push_back(size.context->shape(output.name));
  if (outputs_.empty())
    for (std::size_t i = 0; i < network_.outputs.size(); ++i) {
      Output& made = outputs_.emplace_back();
      if (!is_static(size.dims[i])) continue;
      const std::size_t bytes = byte_count(network_.outputs[i].dtype, size.dims[i]);
      made.device = Buffer::on(device_, MemoryKind::device, bytes);
      made.host = Buffer::on(device_, MemoryKind::pinned, bytes);
    }
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    if (outputs_[i].device) size.context->bind(network_.outputs[i].name, outputs_[i].device);
}

/// Without some of them small batches run at the next larger size.
void DeviceLane::add_smaller_sizes(Engine& engine) {
  int images = 1;
  while (2 * images < network_.batch) images *= 2;
  for (; images >= 1 && images < network_.batch; images /= 2) try {
      add_size(engine, images);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::out_of_memory) throw;
      sizes_.pop_back();
      log(LogLevel::info, "batches of " + std::to_string(images) + " run as larger ones: " + error.what());
    }
}

void* DeviceLane::memory(int image) {
  {
    const std::lock_guard lock(mutex_);
    if (!host_input_) host_input_ = Buffer::on(device_, MemoryKind::pinned, input_.bytes());
  }
  images_[std::size_t(image)] = {.by_host = true};
  want(image, std::nullopt);
  return host_input_.data() + std::size_t(image) * network_.spec.image_bytes();
}

std::optional<sdk::Geometry> DeviceLane::put(int image, const sdk::InputSpec& spec, const sdk::Image& frame) {
  images_[std::size_t(image)] = {};
  want(image, std::nullopt);
  const std::size_t offset = std::size_t(image) * network_.spec.image_bytes();
  try {
    return preprocessor_->run(spec, frame, image, {&input_, offset}, stream_);
  } catch (...) {
    (void)stream_.synchronize();  // the next frame takes the memory that a copy may still read
    throw;
  }
}

void DeviceLane::want(int image, const std::optional<sdk::CellFilter>& filter) noexcept {
  const bool taken = cells_ && cells_->filter(image, filter);
  images_[std::size_t(image)].alone = taken && filter->alone;
}

DeviceLane::Size& DeviceLane::size_for(int count) noexcept {
  for (Size& size : sizes_)
    if (size.images >= count) return size;
  return sizes_.back();
}

std::size_t DeviceLane::bytes_of(const Size& size, std::size_t output, DataType type, int images) {
  Dims dims = size.dims[output];
  if (!dims.empty() && dims[0] % size.images == 0) dims[0] = dims[0] / size.images * images;
  return byte_count(type, dims);
}

/// Images that the host wrote.
Status DeviceLane::upload(int count) noexcept {
  const std::size_t bytes = network_.spec.image_bytes();
  for (int i = 0; i < count; ++i) {
    if (!images_[std::size_t(i)].by_host) continue;
    const std::size_t at = std::size_t(i) * bytes;
    if (const Status status = enqueue_copy(stream_, {&input_, at}, {&host_input_, at}, bytes); !status.ok())
      return status;
  }
  return {};
}

Status DeviceLane::fetch_image(std::size_t output, int image) noexcept {
  const std::size_t bytes = bytes_of(*ran_, output, network_.outputs[output].dtype, 1);
  const std::size_t at = std::size_t(image) * bytes;
  return enqueue_copy(stream_, {&outputs_[output].host, at}, {&outputs_[output].device, at}, bytes);
}

Status DeviceLane::fetch(int count) noexcept {
  int filtered = 0, alone = 0;
  for (int i = 0; i < count; ++i) {
    filtered += filters(i) ? 1 : 0;
    alone += images_[std::size_t(i)].alone ? 1 : 0;
  }
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    if (!outputs_[k].device || (k > 0 && alone == count)) continue;
    Status status;
    if (k > 0 || filtered == 0) {
      const std::size_t bytes = bytes_of(*ran_, k, network_.outputs[k].dtype, count);
      status = enqueue_copy(stream_, {&outputs_[k].host}, {&outputs_[k].device}, bytes);
    } else {
      status = cells_->enqueue(stream_, outputs_[k].device, count);
      for (int i = 0; i < count && status.ok(); ++i)
        if (!filters(i)) status = fetch_image(k, i);
    }
    if (!status.ok()) return status;
  }
  return {};
}

Status DeviceLane::enqueue(int count) noexcept {
  ran_ = &size_for(count);
  Status status = upload(count);
  if (status.ok()) status = ran_->context->enqueue(stream_);
  return status.ok() ? fetch(count) : status;
}

std::vector<sdk::TensorView> DeviceLane::outputs(int image) {
  std::vector<sdk::TensorView> views;
  views.reserve(outputs_.size());
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    const TensorInfo& info = network_.outputs[k];
    Output& output = outputs_[k];
    sdk::TensorView whole{info.name, info.dtype, ran_->dims[k], output.host.data()};
    if (!output.device) {
      whole.dims = ran_->context->shape(info.name);
      output.late = ran_->context->result(info.name);
      whole.data = output.late.data();
    }
    sdk::TensorView view = ran_->images == 1 ? whole : sdk::slice_batch(whole, image, ran_->images);
    if (k == 0 && filters(image)) {
      if (cells_->complete(image)) {
        view = cells_->cells(image, view, stream_);
      } else {  // more cells passed than there is room for
        Status status = fetch_image(k, image);
        if (status.ok()) status = stream_.synchronize();
        if (!status.ok()) throw Error(status.code(), "output '" + info.name + "': " + status.message());
      }
    }
    views.push_back(std::move(view));
  }
  return views;
}

double DeviceLane::warm_up() {
  const auto check = [](const Status& status) {
    if (!status.ok()) throw Error(status.code(), std::string("first inference: ") + status.message());
  };
  // What depends on where buffers are is set when a context first runs, so each does once, all in one go.
  const std::array<std::uint8_t, 3 * 16 * 16> black{};
  const sdk::Image frame{sdk::PixelFormat::rgb, 16, 16, {sdk::Plane{black.data(), 3 * 16}}};
  (void)put(0, network_.spec, frame);
  for (Size& size : sizes_) check(size.context->enqueue(stream_));
  check(stream_.synchronize());
  if (cells_) {  // a run that wants nothing
    const Dims& dims = sizes_.front().dims.front();
    want(0, sdk::CellFilter{.columns = dims[1] < dims[2],
                            .first_class = 0,
                            .classes = 1,
                            .score = std::numeric_limits<float>::infinity()});
    check(run(1));
    want(0, std::nullopt);
  }
  const auto start = std::chrono::steady_clock::now();
  check(run(network_.batch));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / network_.batch;
}

std::uint64_t DeviceLane::memory_bytes() const {
  std::uint64_t bytes = input_.bytes() + preprocessor_->memory_bytes() + (cells_ ? cells_->memory_bytes() : 0);
  for (const Output& output : outputs_) bytes += output.device.bytes();
  for (const Size& size : sizes_) bytes += size.context->arena_bytes();
  return bytes;
}

}  // namespace

std::unique_ptr<Lane> make_device_lane(const LaneNetwork& network, Engine& engine, const Device& device) {
  return std::make_unique<DeviceLane>(network, engine, device);
}

}  // namespace vireo::infer
