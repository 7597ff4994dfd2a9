#pragma once
// The input of a stream: plays a source into the stream's gate, in a pipeline and a thread of its own. A live source
// that fails, stalls or ends is opened again and again, ever more slowly, and says so each time; a file ends its
// stream; the videos of a folder are played one after the other. What happens here never reaches other streams. The
// gate must outlive the input.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/deployment/address.h"
#include "app/deployment/backoff.h"
#include "app/deployment/frame_gate.h"
#include "config/settings.h"

namespace vireo::deployment {

enum class InputState { connecting, playing, waiting, ended, failed };

struct InputStatus {
  InputState state = InputState::connecting;
  std::string problem;                 ///< what went wrong last; "" while frames come
  std::uint64_t restarts = 0;          ///< times that it was opened anew
  std::vector<std::string> cut_short;  ///< a sentence for each file that ended early or was skipped
};

class Input {
 public:
  /// `stream` is the name for messages.
  Input(const config::SourceConfig& source, std::string stream, FrameGate& gate);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  void start();
  /// Returns when its pipeline is gone.
  void stop();
  [[nodiscard]] InputStatus status() const;
  [[nodiscard]] const SourceKind& kind() const { return kind_; }

 private:
  /// How one run of the source came to its end.
  struct Ending {
    enum class Why { end, error, stop } why = Why::stop;
    std::string problem;
  };
  void run();
  [[nodiscard]] Ending play();
  [[nodiscard]] bool next_video(Ending& ending);
  [[nodiscard]] Ending watch(GstElement* pipeline, class PlayedFile& file);
  [[nodiscard]] std::string stall(std::int64_t opened_ns, std::uint64_t frames_before, const PlayedFile& file) const;
  /// Seconds until the user's patience ends; none where it has no end.
  [[nodiscard]] std::optional<double> patience() const;
  void report(const Ending& ending, Backoff::Duration wait);
  void set(InputState state, const std::string& problem);

  const config::SourceConfig source_;
  const std::string stream_, address_;
  const SourceKind kind_;
  const std::vector<std::string> videos_;  ///< of a folder or glob; the input's own thread counts through them
  std::size_t video_ = 0;
  FrameGate& gate_;
  std::int64_t started_ns_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  InputStatus status_;  ///< guarded by the mutex
  std::thread thread_;
};

}  // namespace vireo::deployment
