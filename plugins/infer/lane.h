#pragma once
// One batch of one engine on its way: its inputs and outputs, a stream, and contexts at the batch sizes that occur. On
// the CPU (host_lane.cpp) the host writes pictures into the input and reads the outputs where they are. On a device
// whose memory it can't see (device_lane.cpp) frames go up as they are and only what a decoder looks at comes back.
//
// As the batcher calls it: memory(), put() and want() for images of a batch that is being filled, from several threads
// but for different images; then run(), or enqueue() and wait(); then outputs(), one call at a time.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/api/engine.h"
#include "plugins/preprocess/preprocess.h"
#include "plugins/sdk/decoder.h"
#include "plugins/sdk/frame.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::infer {

/// What all lanes of a model have in common.
struct LaneNetwork {
  sdk::InputSpec spec;                      ///< of the input that takes the picture
  std::vector<TensorInfo> inputs, outputs;  ///< the engine's
  bool open_batch = false;                  ///< the batch extent follows the images in a lane
  int batch = 1;                            ///< the most images

  [[nodiscard]] Dims input_dims(const TensorInfo& input, std::int64_t images) const {
    return input.name == spec.name ? spec.dims(images) : Dims{images, 2};
  }
  /// Gives the inputs their shapes for so many images.
  void shape(Context& context, std::int64_t images) const {
    for (const TensorInfo& input : inputs)
      if (!is_static(input.dims)) context.set_shape(input.name, input_dims(input, images));
  }
  /// What an input beside the picture holds for each image: its size where it is the first of two, else a scale of 1.
  [[nodiscard]] std::vector<float> size_or_scale(const TensorInfo& input) const;
};

/// Where a Preprocessor writes an image of the input, and with what help.
struct Canvas {
  void* memory = nullptr;
  preprocess::Padding* padding = nullptr;  ///< null: not kept
  preprocess::Parallel parallel;           ///< empty: by the thread that asks
};

class Lane {
 public:
  virtual ~Lane() = default;
  /// Throws Error(out_of_memory).
  [[nodiscard]] virtual Canvas canvas(int image) { return {memory(image)}; }
  /// Where the host writes an image of the input. Throws Error(out_of_memory).
  [[nodiscard]] virtual void* memory(int image) = 0;
  /// Takes the frame as it is; nothing where the host is to write it to memory(). Throws Error.
  [[nodiscard]] virtual std::optional<sdk::Geometry> put(int image, const sdk::InputSpec& spec,
                                                         const sdk::Image& frame) = 0;
  /// What is needed of the outputs, after the image was written; nothing: all.
  virtual void want(int image, const std::optional<sdk::CellFilter>& filter) noexcept = 0;
  /// Begins to run the first `count` images and returns.
  [[nodiscard]] virtual Status enqueue(int count) noexcept = 0;
  /// Returns when what is needed is there, or, after an error, when the lane's memory is at rest.
  [[nodiscard]] virtual Status wait() noexcept = 0;
  [[nodiscard]] virtual Status run(int count) noexcept {
    const Status begun = enqueue(count), done = wait();
    return begun.ok() ? done : begun;
  }
  /// The same beside another lane that runs, or is about to.
  [[nodiscard]] virtual Status run_beside(int count) noexcept { return run(count); }
  /// Of an image that ran; valid until the next run. Throws Error when an output can't be split by images.
  [[nodiscard]] virtual std::vector<sdk::TensorView> outputs(int image) = 0;
  /// Runs whatever no run may be the first to need, as far as this lane has it for itself; seconds of an image then.
  virtual double warm_up() = 0;
  [[nodiscard]] virtual std::uint64_t memory_bytes() const = 0;
};

/// How lanes on the CPU share its cores. All workers on one batch give the least latency; but they wait for each other
/// at every layer, and two batches at once, each by half of them, often get more done.
struct HostSharing {
  enum class Rule : std::uint8_t {
    whole,  ///< one batch after the other, by all workers
    apart,  ///< each batch by half of them
    busy    ///< apart beside another one, whole when it is the only one
  };
  Rule rule = Rule::whole;
  std::atomic<int> running{0};  ///< lanes that run
};

/// Borrows the network and the sharing. `apart`: the lane may run by half of the workers, too.
[[nodiscard]] std::unique_ptr<Lane> make_host_lane(const LaneNetwork& network, Engine& engine, HostSharing& sharing,
                                                   bool apart);
[[nodiscard]] std::unique_ptr<Lane> make_device_lane(const LaneNetwork& network, Engine& engine, const Device& device);

}  // namespace vireo::infer
