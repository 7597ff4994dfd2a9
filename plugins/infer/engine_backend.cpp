#include "plugins/infer/engine_backend.h"

#include <algorithm>
#include <chrono>

namespace vireo::infer {

struct EngineBackend::Lane {
  std::unique_ptr<Context> context;
  Stream stream;
  Buffer input;
  std::vector<Buffer> constants;  ///< inputs that are not the picture
  std::vector<Buffer> outputs;
  std::vector<Buffer> late;       ///< outputs whose shape depends on data, of the last run
  std::vector<Dims> output_dims;  ///< at `count`
  int count = 0;
};

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

EngineBackend::EngineBackend(std::vector<std::shared_ptr<Engine>> engines, const sdk::InputSpec& spec,
                             const EngineBackendOptions& options)
    : engines_(std::move(engines)),
      engine_(engines_.front()),
      spec_(spec),
      inputs_(engine_->inputs()),
      outputs_(engine_->outputs()) {
  for (const TensorInfo& input : inputs_) {
    if (input.name != spec_.name && !is_size_or_scale(input)) refuse_input(input, spec_.name);
    if (input.name == spec_.name) open_batch_ = input.dims[0] == kUnknown;
    if (input.name == spec_.name && !open_batch_)
      batch_ = static_cast<int>(std::clamp<std::int64_t>(input.dims[0], 1, 1024));
  }
  choose_batch(std::max(1, options.batch));
  for (int i = 0; i < std::max(1, options.lanes); ++i)
    for (const std::shared_ptr<Engine>& replica : engines_) {
      lanes_.push_back(std::make_unique<Lane>(Lane{replica->create_context(), replica->create_stream()}));
      prepare_lane(*lanes_.back());
    }
}

EngineBackend::~EngineBackend() = default;

Dims EngineBackend::input_dims(const TensorInfo& input, std::int64_t batch) const {
  return input.name == spec_.name ? spec_.dims(batch) : Dims{batch, 2};
}

/// Describes the network for one image, then finds out whether its outputs grow with the batch.
void EngineBackend::choose_batch(int wanted) {
  auto probe = engine_->create_context();
  const auto shape_all = [&](std::int64_t batch) {
    for (const TensorInfo& input : inputs_) {
      if (!is_static(input.dims)) probe->set_shape(input.name, input_dims(input, batch));
    }
  };
  shape_all(open_batch_ ? 1 : batch_);
  describe(*probe);
  if (!open_batch_) {
    if (batch_ != wanted && wanted > 1)
      batch_note_ = "the network's batch extent is fixed to " + std::to_string(batch_);
    return;
  }
  if (wanted == 1) return;
  try {
    shape_all(wanted);
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const Dims one = image_outputs_[i].dims, many = probe->shape(outputs_[i].name);
      if (one.empty() || many.size() != one.size() || many[0] == kUnknown || many[0] != one[0] * wanted) {
        throw Error(ErrorCode::unsupported, "output '" + outputs_[i].name + "' is " + to_string(many) + " for " +
                                                std::to_string(wanted) + " images and " + to_string(one) + " for one");
      }
    }
    batch_ = wanted;
  } catch (const Error& error) {
    batch_note_ = std::string("images run one by one, the network can't batch: ") + error.what();
  }
}

void EngineBackend::describe(Context& context) {
  const std::int64_t images = open_batch_ ? 1 : batch_;
  for (const TensorInfo& input : inputs_) {
    TensorInfo one = input;
    one.dims = input_dims(input, 1);
    image_inputs_.push_back(std::move(one));
  }
  for (const TensorInfo& output : outputs_) {
    TensorInfo one = output;
    one.dims = context.shape(output.name);
    if (images > 1 && !one.dims.empty() && one.dims[0] > 0 && one.dims[0] % images == 0) one.dims[0] /= images;
    image_outputs_.push_back(std::move(one));
  }
}

/// Buffers for the largest batch, bound once; smaller batches use their beginnings.
void EngineBackend::prepare_lane(Lane& lane) {
  for (const TensorInfo& input : inputs_) {
    if (!is_static(input.dims)) lane.context->set_shape(input.name, input_dims(input, batch_));
  }
  bool first_pair = true;
  const bool both = inputs_.size() > 2;  // with two such inputs the first is the size
  for (const TensorInfo& input : inputs_) {
    Buffer buffer = lane.context->allocate(input.name);
    if (input.name == spec_.name) {
      lane.input = buffer;
      continue;
    }
    for (int i = 0; i < batch_; ++i) {
      buffer.as<float>()[2 * i] = both && first_pair ? float(spec_.height) : 1.0f;
      buffer.as<float>()[2 * i + 1] = both && first_pair ? float(spec_.width) : 1.0f;
    }
    first_pair = false;
    lane.constants.push_back(std::move(buffer));
  }
  for (const TensorInfo& output : outputs_) {
    // What depends on data has its memory in the context and is asked for after each run.
    const bool known = is_static(lane.context->shape(output.name));
    lane.outputs.push_back(known ? lane.context->allocate(output.name) : Buffer());
  }
  lane.output_dims.resize(outputs_.size());
  lane.late.resize(outputs_.size());
  lane.count = -1;
  set_count(lane, batch_);
}

void EngineBackend::set_count(Lane& lane, int count) {
  if (lane.count == count) return;
  for (const TensorInfo& input : inputs_) {
    if (open_batch_) lane.context->set_shape(input.name, input_dims(input, count));
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) lane.output_dims[i] = lane.context->shape(outputs_[i].name);
  lane.count = count;
}

int EngineBackend::lanes() const noexcept { return static_cast<int>(lanes_.size()); }
int EngineBackend::max_batch() const noexcept { return batch_; }
// On each engine one lane computes, the next is queued after it so that the device never waits for us, the rest are
// being filled.
int EngineBackend::concurrency() const noexcept { return std::min(2 * static_cast<int>(engines_.size()), lanes()); }

void* EngineBackend::slot(int lane, int index) noexcept {
  return lanes_[lane]->input.data() + std::size_t(index) * spec_.image_bytes();
}

Status EngineBackend::run(int lane_index, int count) noexcept {
  Lane& lane = *lanes_[lane_index];
  try {
    set_count(lane, open_batch_ ? count : batch_);
  } catch (const std::exception&) {
    return {ErrorCode::internal, "the network refused a batch size that it accepted before"};
  }
  if (const Status status = lane.context->enqueue(lane.stream); !status.ok()) return status;
  return lane.stream.synchronize();
}

std::vector<sdk::TensorView> EngineBackend::outputs(int lane_index, int index, int) {
  Lane& lane = *lanes_[lane_index];
  std::vector<sdk::TensorView> views;
  views.reserve(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    sdk::TensorView whole{outputs_[i].name, outputs_[i].dtype, lane.output_dims[i], lane.outputs[i].data()};
    if (!lane.outputs[i]) {
      whole.dims = lane.context->shape(outputs_[i].name);
      lane.late[i] = lane.context->result(outputs_[i].name);
      whole.data = lane.late[i].data();
    }
    views.push_back(lane.count == 1 ? whole : sdk::slice_batch(whole, index, lane.count));
  }
  return views;
}

const std::vector<TensorInfo>& EngineBackend::image_inputs() const noexcept { return image_inputs_; }
const std::vector<TensorInfo>& EngineBackend::image_outputs() const noexcept { return image_outputs_; }
const std::string& EngineBackend::batch_note() const noexcept { return batch_note_; }

double EngineBackend::warm_up() {
  double seconds = 0;
  const auto run_once = [&](int lane, int count) {
    const auto start = std::chrono::steady_clock::now();
    if (const Status status = run(lane, count); !status.ok()) {
      throw Error(status.code(), std::string("first inference: ") + status.message());
    }
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / count;
  };
  for (int k = static_cast<int>(engines_.size()); k-- > 0;) {  // lanes of the engines stand in turns
    // A size is compiled when it is set; running each, too, would be thousands of images for a large batch.
    for (int count = 1; open_batch_ && count < batch_; ++count) set_count(*lanes_[static_cast<std::size_t>(k)], count);
    if (open_batch_ && batch_ > 1) run_once(k, 1);
    run_once(k, batch_);
  }
  return seconds;
}

std::uint64_t EngineBackend::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& lane : lanes_) {
    bytes += lane->context->arena_bytes() + lane->input.bytes();
    for (const Buffer& buffer : lane->outputs) bytes += buffer.bytes();
  }
  return bytes;
}

}  // namespace vireo::infer
