#pragma once
// The batcher's backend on real engines: lanes (lane.h) that share an engine's weights. Several engines are replicas of
// one network on different devices, and take turns.
// Networks whose batch extent is fixed run at that extent; where the batch extent is declared open but fixed inside
// the graph, shape inference shows it, and the network is run one image at a time.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/api/engine.h"
#include "plugins/infer/backend.h"
#include "plugins/infer/lane.h"
#include "plugins/sdk/input_spec.h"

namespace vireo::infer {

struct EngineBackendOptions {
  int batch = 1;                     ///< images wanted in a lane; the network may allow fewer; 0: by measurement
  int lanes = 3;                     ///< of each engine
  std::vector<std::string> devices;  ///< by engine; empty: all are the CPU's
};

class EngineBackend : public Backend {
 public:
  /// Images at most in a batch that is chosen by measurement.
  static constexpr int kMostMeasured = 4;

  /// `spec` says which input takes the picture and at what size. Throws Error when other inputs can't be filled in.
  EngineBackend(std::vector<std::shared_ptr<Engine>> engines, const sdk::InputSpec& spec,
                const EngineBackendOptions& options);
  ~EngineBackend() override;

  [[nodiscard]] int lanes() const noexcept override;
  [[nodiscard]] int max_batch() const noexcept override;
  [[nodiscard]] int concurrency() const noexcept override;
  [[nodiscard]] void* slot(int lane, int index) override;
  Status run(int lane, int count) noexcept override;
  Status run_beside(int lane, int count) noexcept override;
  [[nodiscard]] bool computes_in_caller() const noexcept override;
  [[nodiscard]] std::vector<sdk::TensorView> outputs(int lane, int index, int count) override;
  /// Of the lane: see lane.h.
  [[nodiscard]] Lane& lane(int index) noexcept { return *lanes_[std::size_t(index)]; }

  /// Inputs and outputs as they are for one image; kUnknown where the network decides at run time.
  [[nodiscard]] const std::vector<TensorInfo>& image_inputs() const noexcept;
  [[nodiscard]] const std::vector<TensorInfo>& image_outputs() const noexcept;
  /// Why the batch is what it is; empty when it is what was asked for.
  [[nodiscard]] const std::string& batch_note() const noexcept;
  /// Runs what is needed so that nothing is compiled or set up later; returns the seconds that one image took.
  double warm_up();
  [[nodiscard]] std::uint64_t memory_bytes() const;

 private:
  void choose_batch(int wanted);
  void make_lanes();
  struct Way {
    int count = 1;       ///< images of a batch
    bool apart = false;  ///< two batches beside each other
  };
  void measure_ways();
  [[nodiscard]] Way quickest_way(int least, int most);
  [[nodiscard]] double measure(const Way& way, int runs);
  void describe(Context& context);

  std::vector<std::shared_ptr<Engine>> engines_;
  std::shared_ptr<Engine> engine_;  ///< the first, which stands for all
  LaneNetwork network_;
  std::vector<TensorInfo> image_inputs_, image_outputs_;  ///< for one image
  std::string batch_note_;
  EngineBackendOptions options_;
  bool on_device_ = false;  ///< the host can't see the engines' memory
  bool may_part_ = false;   ///< lanes can run by half of the engine's workers, too
  bool one_core_each_ = false;  ///< lanes that run apart have one core each, and together all
  HostSharing sharing_;
  bool own_parts_ = false;  ///< lanes have something of their own to warm up, and a device that is quick at it
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace vireo::infer
