#pragma once
// A small RTSP server on loopback for tests: one live stream, RTP inside of the connection. What real cameras do is
// done on demand: it can be killed, started again on the same port, stall, ask for a password. Any thread.

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace vireo::tests {

class RtspServer {
 public:
  struct Options {
    std::string user, password;  ///< empty: everybody may watch
    /// What makes the packets: raw video to RTP of payload type 96, H.264.
    std::string media =
        "videotestsrc is-live=true ! capsfilter name=size caps=video/x-raw,width=320,height=240,framerate=25/1 ! "
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay config-interval=-1 pt=96";
  };
  RtspServer();
  explicit RtspServer(Options options);
  ~RtspServer();

  /// Listens; after kill() on the port it had before.
  void start();
  /// All connections break.
  void kill();
  /// Connections stay, packets don't come.
  void stall(bool stalled) { stalled_ = stalled; }
  /// What is sent is noise in the form of packets.
  void garble(bool garbled) { garbled_ = garbled; }
  /// Those who watch get this size and rate from now on, in the same stream: the media's element named "size".
  void change_size(const std::string& caps);
  /// For those who come from now on.
  void set_media(const std::string& media);
  [[nodiscard]] std::string url(const std::string& path = "/live", const std::string& credentials = "") const;
  [[nodiscard]] int plays() const { return plays_; }

 private:
  struct Client;
  void accept_all();
  void serve(Client& client);
  [[nodiscard]] std::string answer(Client& client, const std::string& request);

  Options options_;  ///< media: guarded by the mutex
  int port_ = 0, listener_ = -1;
  std::atomic<bool> stalled_{false}, garbled_{false}, running_{false};
  std::atomic<int> plays_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::thread accepting_;
};

}  // namespace vireo::tests
