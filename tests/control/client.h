#pragma once
// A client that also does what no library would: half requests, wrong lengths, silence.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace vireo::control {

struct Reply {
  int status = 0;
  std::string headers, body;
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// A connection to 127.0.0.1.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(std::uint16_t(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("no connection");
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& bytes) const {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t sent = ::send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return;  // the other side has had enough
      done += std::size_t(sent);
    }
  }
  /// Until the other side closes.
  [[nodiscard]] std::string rest() const {
    std::string all;
    char part[65536];
    for (ssize_t got; (got = ::recv(socket_, part, sizeof part, 0)) > 0;) all.append(part, std::size_t(got));
    return all;
  }

 private:
  int socket_;
};

inline Reply ask(int port, const std::string& method, const std::string& path, const std::string& body = "",
                 const std::string& more = "", const std::string& host = "localhost") {
  const Connection connection(port);
  connection.send(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + more +
                  (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
  const std::string all = connection.rest();
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  return {std::atoi(all.c_str() + 9), all.substr(0, end), all.substr(end + 4)};
}

}  // namespace vireo::control
