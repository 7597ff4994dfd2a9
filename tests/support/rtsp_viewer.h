#pragma once
// One who watches over RTSP in the plainest way, to do what players don't: to stop reading, to vanish. One thread.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace vireo::tests {

/// A port that nobody has at the moment.
inline int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(probe, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(probe);
  return ntohs(address.sin_port);
}

class RtspViewer {
 public:
  explicit RtspViewer(int port) : port_(port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int small = 4096;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(std::uint16_t(port));
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RtspViewer() { vanish(); }
  RtspViewer(const RtspViewer&) = delete;
  RtspViewer& operator=(const RtspViewer&) = delete;

  /// How long it waits for the server, 20 seconds at first.
  void patience(long seconds) const {
    const timeval time{seconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  }
  [[nodiscard]] bool connected() const { return connected_; }
  /// From OPTIONS to PLAY, with packets inside of the connection. False when the server says no; `answer` is its last.
  bool play(const std::string& path) {
    const std::string url = "rtsp://127.0.0.1:" + std::to_string(port_) + path;
    if (!ask("DESCRIBE " + url, "Accept: application/sdp\r\n")) return false;
    const std::size_t control = answer_.rfind("a=control:");
    std::string track = answer_.substr(control + 10, answer_.find("\r\n", control) - control - 10);
    if (!track.starts_with("rtsp://")) track = url + "/" + track;
    if (!ask("SETUP " + track, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")) return false;
    const std::size_t session = answer_.find("Session: ") + 9;
    return ask("PLAY " + url, "Session: " + answer_.substr(session, answer_.find_first_of(";\r", session) - session) +
                                  "\r\nRange: npt=0-\r\n");
  }
  /// Reads so many bytes of what comes; false when the server has closed, or nothing comes.
  bool read(std::size_t bytes) {
    char buffer[4096];
    while (bytes > 0) {
      const ssize_t got = ::recv(socket_, buffer, std::min(bytes, sizeof buffer), 0);
      if (got <= 0) return false;
      bytes -= std::size_t(got);
    }
    return true;
  }
  void vanish() {
    if (socket_ < 0) return;
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(socket_);
    socket_ = -1;
  }
  [[nodiscard]] const std::string& answer() const { return answer_; }

 private:
  bool ask(const std::string& what, const std::string& headers) {
    const std::string request = what + " RTSP/1.0\r\nCSeq: " + std::to_string(++number_) + "\r\n" + headers + "\r\n";
    if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != ssize_t(request.size())) return false;
    answer_.clear();
    std::size_t most = std::string::npos;
    char one = 0;
    while (answer_.size() < most && ::recv(socket_, &one, 1, 0) == 1) {
      if (answer_.empty() && one == '$') {  // a packet that overtook the answer: channel, length in two bytes
        unsigned char head[3] = {};
        if (::recv(socket_, head, sizeof head, MSG_WAITALL) != 3 || !read(std::size_t(head[1]) << 8 | head[2]))
          return false;
        continue;
      }
      answer_ += one;
      if (most != std::string::npos || !answer_.ends_with("\r\n\r\n")) continue;
      const std::size_t length = answer_.find("Content-Length: ");
      most = answer_.size() + (length == std::string::npos ? 0 : std::stoul(answer_.substr(length + 16)));
    }
    return answer_.starts_with("RTSP/1.0 200");
  }

  int port_, socket_ = -1, number_ = 0;
  bool connected_ = false;
  std::string answer_;
};

}  // namespace vireo::tests
