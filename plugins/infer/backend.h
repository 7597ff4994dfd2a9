#pragma once
// What the batcher drives: a network with several lanes, each of which holds the inputs and outputs of one batch. The
// batcher fills the slots of one lane while others run. Calls for one lane never overlap; lanes are independent.

#include <vector>

#include "engine/api/error.h"
#include "plugins/sdk/tensor_view.h"

namespace vireo::infer {

class Backend;

/// Where one image goes. Plain value, good until the lane runs.
struct Slot {
  Backend* backend = nullptr;
  int lane = 0, index = 0;
  /// The image's part of the network's input, for whoever writes it himself. Throws Error where there is no memory.
  [[nodiscard]] void* memory() const;
};

class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual int lanes() const noexcept = 0;        ///< at least 1
  [[nodiscard]] virtual int max_batch() const noexcept = 0;    ///< images that one lane holds, at least 1
  [[nodiscard]] virtual int concurrency() const noexcept = 0;  ///< lanes worth running at the same time, 1..lanes
  /// Where image `index` of the lane's input is written by the host. Stays the same for the backend's life. Threads may
  /// ask for different images at once.
  [[nodiscard]] virtual void* slot(int lane, int index) = 0;
  /// Runs the lane's first `count` images and returns when their outputs are there.
  virtual Status run(int lane, int count) noexcept = 0;
  /// The same while other frames are under way, and others will follow.
  virtual Status run_beside(int lane, int count) noexcept { return run(lane, count); }
  /// Lanes compute in the threads that run them, which together have all cores: a thread that is done goes on with the
  /// next frame itself, since whoever else woke up for it would only take a core from a lane that runs.
  [[nodiscard]] virtual bool computes_in_caller() const noexcept { return false; }
  /// The outputs for image `index` of the `count` that ran; valid until the lane's next run. Throws Error
  /// when an output can't be split by images.
  [[nodiscard]] virtual std::vector<sdk::TensorView> outputs(int lane, int index, int count) = 0;
};

inline void* Slot::memory() const { return backend->slot(lane, index); }

}  // namespace vireo::infer
