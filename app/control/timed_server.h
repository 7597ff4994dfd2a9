#pragma once
// The library's server with a limit on how long a whole request may take to come and its answer to go: its own limits
// are for each read and write, and a client that sends a byte now and then would keep its place for ever. For http.cpp
// alone.

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

namespace vireo::control {

struct Limits {
  std::chrono::milliseconds silence;  ///< between two reads, or two writes
  std::chrono::milliseconds request;  ///< from its first byte to its last
  std::chrono::milliseconds answer;   ///< the same, for a client that reads slowly
  std::chrono::milliseconds idle;     ///< from one request of a connection to the next
  int requests;                       ///< of one connection
};

/// A connection's bytes during one request. Has what all versions of the library ask of a stream.
class TimedStream final : public httplib::Stream {
  using Clock = std::chrono::steady_clock;

 public:
  TimedStream(socket_t socket, const Limits& limits)
      : socket_(socket), limits_(limits), read_by_(Clock::now() + limits.request) {}

  bool is_readable() const { return begin_ < end_ || ready(POLLIN, std::chrono::milliseconds(0)); }
  bool wait_readable() const { return begin_ < end_ || ready(POLLIN, left(read_by_)); }
  bool is_writable() const { return ready(POLLOUT, limits_.silence); }
  bool wait_writable() const { return is_writable(); }
  bool is_peer_alive() const { return true; }

  ssize_t read(char* to, size_t size) {
    if (begin_ == end_) {
      if (!ready(POLLIN, left(read_by_))) return -1;
      const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (got <= 0) return got;
      begin_ = 0;
      end_ = std::size_t(got);
    }
    const std::size_t count = std::min(size, end_ - begin_);
    std::copy_n(buffer_.data() + begin_, count, to);
    begin_ += count;
    return ssize_t(count);
  }
  ssize_t write(const char* from, size_t size) {
    if (write_by_ == Clock::time_point()) write_by_ = Clock::now() + limits_.answer;
    if (!ready(POLLOUT, left(write_by_))) return -1;
    return ::send(socket_, from, size, MSG_NOSIGNAL);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const { ip.clear(), port = 0; }
  socket_t socket() const { return socket_; }
  time_t duration() const { return 0; }

  /// For the next request; what has come of it already stays.
  void begin_request() {
    read_by_ = Clock::now() + limits_.request;
    write_by_ = {};
  }

 private:
  [[nodiscard]] std::chrono::milliseconds left(Clock::time_point by) const {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(by - Clock::now());
    return std::min(limits_.silence, std::max(rest, std::chrono::milliseconds(0)));
  }
  [[nodiscard]] bool ready(short what, std::chrono::milliseconds wait) const {
    pollfd one{socket_, what, 0};
    return ::poll(&one, 1, int(wait.count())) > 0;
  }

  const socket_t socket_;
  const Limits& limits_;
  Clock::time_point read_by_, write_by_{};
  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

class TimedServer final : public httplib::Server {
 public:
  explicit TimedServer(const Limits& limits) : limits_(limits) {}

 private:
  bool process_and_close_socket(socket_t socket) override {
    TimedStream stream(socket, limits_);
    bool good = false;
    for (int left = limits_.requests; left > 0 && waits_for_request(stream); --left) {
      stream.begin_request();
      bool closed = false;
      good = process(*this, stream, left == 1, closed);
      if (!good || closed) break;
    }
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
    return good;
  }
  /// Looks now and then whether the server ends.
  bool waits_for_request(const TimedStream& stream) const {
    constexpr std::chrono::milliseconds kLook{100};
    const auto until = std::chrono::steady_clock::now() + limits_.idle;
    while (is_running() && std::chrono::steady_clock::now() < until) {
      if (stream.is_readable()) return true;
      pollfd one{stream.socket(), POLLIN, 0};
      (void)::poll(&one, 1, int(kLook.count()));
    }
    return false;
  }
  /// Later versions of the library want the addresses, too.
  template <typename Self>
  static bool process(Self& self, TimedStream& stream, bool last, bool& closed) {
    if constexpr (requires { self.process_request(stream, last, closed, nullptr); }) {
      return self.process_request(stream, last, closed, nullptr);
    } else {
      const std::string nobody;
      return self.process_request(stream, nobody, 0, nobody, 0, last, closed, nullptr);
    }
  }

  const Limits limits_;
};

}  // namespace vireo::control
