#pragma once
// Streams to watch over RTSP: one server listens at a port, with a mount point for each stream. A picture is encoded
// once for all who watch a mount point, and not at all while nobody does. Who watches too slowly is left behind and in
// the end disconnected; push() never waits for anyone. Built on gst-rtsp-server, where the build has it. Any thread.

#include <gst/gst.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/settings.h"

namespace vireo::deployment {

/// rtsp://[USER:PASSWORD@][HOST]:PORT/PATH, taken apart. Without a host only this machine can watch.
struct RtspAddress {
  std::string host, port, path;  ///< path: with its '/'
  std::string user, password;
  bool host_given = false;
  [[nodiscard]] std::string server() const;  ///< "127.0.0.1:8554"
};
/// Throws Error(invalid_argument). Nothing is said about the password.
[[nodiscard]] RtspAddress parse_rtsp(const std::string& address);

/// "" where the build has what it takes, else what to install.
[[nodiscard]] std::string why_no_rtsp_server();

class RtspServer {
 public:
  /// Listens. Throws Error(io) when the port can't be had.
  explicit RtspServer(const RtspAddress& address);
  /// Those who watch are disconnected.
  ~RtspServer();
  RtspServer(const RtspServer&) = delete;
  RtspServer& operator=(const RtspServer&) = delete;
  /// Whether who gives this address may watch: a server has one user.
  [[nodiscard]] bool same_user(const RtspAddress& address) const;

  struct Parts;
  [[nodiscard]] Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

/// The place of one stream on a server. It stays while anybody holds it, so that who watches goes on watching when the
/// stream behind it is made anew.
class RtspMount {
 public:
  explicit RtspMount(std::string path);
  ~RtspMount();
  RtspMount(const RtspMount&) = delete;
  RtspMount& operator=(const RtspMount&) = delete;

  /// From now on it can be watched. `encoder`: properties for whoever begins to watch from now on. Throws Error.
  void open(const std::function<std::shared_ptr<RtspServer>()>& server, const config::Options& encoder);
  /// A frame to all who watch; the newest wins. Returns how many frames were dropped for it.
  unsigned push(GstSample* sample, GstClockTime running);
  [[nodiscard]] bool watched() const;

  struct Parts;

 private:
  std::shared_ptr<Parts> parts_;
};

}  // namespace vireo::deployment
