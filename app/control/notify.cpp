#include "app/control/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "engine/api/log.h"

namespace vireo::control {
namespace {

/// For RELOADING: systemd compares it with the time at which it asked.
std::string monotonic_usec() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(std::int64_t(now.tv_sec) * 1000000 + now.tv_nsec / 1000);
}

}  // namespace

ServiceNotify::ServiceNotify(const char* socket, const char* watchdog_usec) {
  if (!socket || (*socket != '/' && *socket != '@')) return;
  address_ = socket;
  if (address_.front() == '@') address_.front() = '\0';
  if (address_.size() > sizeof(sockaddr_un::sun_path)) {
    address_.clear();
    return;
  }
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::uint64_t period = 0;
  if (watchdog_usec) std::from_chars(watchdog_usec, watchdog_usec + std::strlen(watchdog_usec), period);
  watchdog_ = std::chrono::microseconds(period);
}

ServiceNotify::~ServiceNotify() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceNotify::ready(const std::string& status) { send("READY=1\nSTATUS=" + status); }
void ServiceNotify::reloading() { send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec()); }
void ServiceNotify::stopping() { send("STOPPING=1\nSTATUS=files are being finished"); }

bool ServiceNotify::ping_is_due() {
  const auto now = std::chrono::steady_clock::now();
  if (watchdog_.count() == 0 || now - last_due_ < watchdog_ / 4) return false;
  last_due_ = now;
  return true;
}

void ServiceNotify::ping(const std::string& status) { send("WATCHDOG=1\nSTATUS=" + status); }

void ServiceNotify::send(const std::string& message) {
  if (socket_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto length = socklen_t(offsetof(sockaddr_un, sun_path) + address_.size());
  if (::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&to), length) < 0)
    log(LogLevel::warning, std::string("the service manager can't be told: ") + std::strerror(errno));
}

}  // namespace vireo::control
