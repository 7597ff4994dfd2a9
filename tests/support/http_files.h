#pragma once
// A folder over HTTP on this machine, with ranges, as cameras and players' servers do it.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace vireo {

class HttpFiles {
 public:
  explicit HttpFiles(std::filesystem::path folder) : folder_(std::move(folder)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(listener_, 16);
    socklen_t size = sizeof at;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpFiles() {
    ending_ = true;
    thread_.join();
    ::close(listener_);
  }
  HttpFiles(const HttpFiles&) = delete;
  HttpFiles& operator=(const HttpFiles&) = delete;

  [[nodiscard]] std::string uri(const std::string& name) const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/" + name;
  }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void serve() {
    std::vector<std::thread> clients;
    while (!ending_) {
      pollfd one{listener_, POLLIN, 0};
      if (::poll(&one, 1, 50) <= 0) continue;
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client >= 0) clients.emplace_back([this, client] { answer(client); });
    }
    for (std::thread& client : clients) client.join();
  }
  void answer(int client) {
    std::string asked;
    while (asked.find("\r\n\r\n") == std::string::npos) {
      pollfd one{client, POLLIN, 0};
      char part[4096];
      if (ending_ || ::poll(&one, 1, 50) < 0) break;
      if (!(one.revents & POLLIN)) continue;
      const ssize_t got = ::recv(client, part, sizeof part, 0);
      if (got <= 0) break;
      asked.append(part, std::size_t(got));
    }
    ++requests_;
    const std::size_t slash = asked.find('/'), end = asked.find_first_of(" ?", slash);
    std::ifstream file(folder_ / asked.substr(slash + 1, end - slash - 1), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    std::string body = text.str(), head = file ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 404 Not Found\r\n";
    for (const char* form : {"Range: bytes=", "range: bytes="}) {
      const std::size_t range = asked.find(form);
      if (!file || range == std::string::npos) continue;
      const std::size_t from = std::strtoull(asked.c_str() + range + 13, nullptr, 10), size = body.size();
      if (from >= size) continue;
      body.erase(0, from);
      head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) + "-" +
             std::to_string(size - 1) + "/" + std::to_string(size) + "\r\n";
    }
    head += "Accept-Ranges: bytes\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n";
    body.insert(0, head);
    for (std::size_t done = 0; done < body.size() && !ending_;) {
      pollfd one{client, POLLOUT, 0};
      if (::poll(&one, 1, 50) <= 0) continue;
      const ssize_t sent = ::send(client, body.data() + done, body.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) break;
      done += std::size_t(sent);
    }
    ::close(client);
  }

  const std::filesystem::path folder_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> requests_{0};
  std::thread thread_;
};

}  // namespace vireo
