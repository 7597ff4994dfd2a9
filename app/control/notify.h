#pragma once
// Tells systemd how the service is: the protocol of sd_notify(3), a datagram to the socket that $NOTIFY_SOCKET names.
// Without a socket nothing happens. One thread.

#include <chrono>
#include <string>

namespace vireo::control {

class ServiceNotify {
 public:
  /// The values of $NOTIFY_SOCKET and $WATCHDOG_USEC; null where they are not set.
  ServiceNotify(const char* socket, const char* watchdog_usec);
  ~ServiceNotify();
  ServiceNotify(const ServiceNotify&) = delete;
  ServiceNotify& operator=(const ServiceNotify&) = delete;

  void ready(const std::string& status);
  void reloading();
  void stopping();
  /// A quarter of the watchdog's time has passed since this was true the last time; false where no watchdog waits.
  [[nodiscard]] bool ping_is_due();
  void ping(const std::string& status);
  /// 0: none.
  [[nodiscard]] std::chrono::microseconds watchdog() const { return watchdog_; }

 private:
  void send(const std::string& message);
  std::string address_;  ///< as in sockaddr_un: an abstract one begins with a zero
  std::chrono::microseconds watchdog_{0};
  std::chrono::steady_clock::time_point last_due_{};
  int socket_ = -1;
};

}  // namespace vireo::control
