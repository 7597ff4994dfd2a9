#pragma once
// Streams that run beside each other, by name. apply() makes what runs equal to a configuration: streams that are the
// same go on untouched (one that has ended stays ended, one that failed is tried again), whoever asks: the start, a
// signal, a test. Models are shared in the process by the streams that name them. What goes wrong in a stream stays
// there and is told by snapshot().
//
// apply() and finish() are called by one thread at a time; the rest from any.

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "app/deployment/ledger.h"
#include "app/deployment/stats.h"
#include "app/deployment/stream.h"
#include "config/settings.h"

namespace vireo::deployment {

class Deployment {
 public:
  explicit Deployment(FrameObserver observer = {});
  /// Ends all streams; files are finished.
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  /// Throws Error, and changes nothing, when the configuration is not good: before any stream is touched all of it is
  /// checked and all new elements are made. Returns when streams that went have finished their files.
  void apply(const config::DeploymentConfig& config);
  /// What apply() checks, without any stream. Throws Error.
  static void check(const config::DeploymentConfig& config);

  /// Takes over what differs from the stream of this name, without a pause; false, and nothing is changed, where there
  /// is no such stream that runs, or the difference can't be set while it plays. Throws Error for a value that is not
  /// accepted. By the thread that calls apply().
  [[nodiscard]] bool change(const config::StreamConfig& config);

  enum class Picture { jpeg, png };
  /// The next frame of a stream with its drawings, as a file of this kind; "" where none comes in time or there is no
  /// such stream. Costs nothing while nobody asks. Throws Error.
  [[nodiscard]] std::string picture(const std::string& stream, Picture kind, Clock::duration timeout) const;

  /// All streams end now; files are finished.
  void stop() noexcept;
  /// True when every stream has ended, for whatever reason.
  [[nodiscard]] bool done() const;
  [[nodiscard]] Snapshot snapshot() const;
  /// Waits until done().
  void wait() const;

 private:
  using Streams = std::vector<std::shared_ptr<Stream>>;
  [[nodiscard]] Streams streams() const;
  void end(const Streams& gone);

  FrameObserver observer_;
  Ledger ledger_;  ///< outlives the streams
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;
  Streams streams_;                      ///< guarded by the mutex, as is what follows
  std::vector<StreamSnapshot> removed_;  ///< the last ones; older ones are summed up in the first
};

/// With paths seen from their folders and sinks as they are in the end. Throws Error.
[[nodiscard]] config::DeploymentConfig resolved(config::DeploymentConfig config);

/// Plays until all is over.
[[nodiscard]] RunStats run(const config::DeploymentConfig& config, FrameObserver observer = {});

}  // namespace vireo::deployment
