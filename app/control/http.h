#pragma once
// HTTP requests answered by one function, on a few threads of their own. What a client can cost is bounded: the bytes
// of a request, the connections that are served at once (more wait unaccepted), the time that one may stay silent, and
// that a whole request and its answer may take. The library behind it is seen by http.cpp alone.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vireo::control {

struct Request {
  std::string method;  ///< "GET", …; HEAD is asked as GET
  std::string path;    ///< decoded, without the query
  std::string body;
  std::string host, origin, authorization;  ///< headers; "" where they are absent
};

struct Response {
  int status = 200;
  std::string type = "application/json", body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Called by several threads at once. Must not throw.
using Handler = std::function<Response(const Request&)>;

class HttpServer {
 public:
  /// Binds and serves. `port` 0 takes a free one. Throws Error.
  HttpServer(const std::string& host, int port, Handler handler);
  /// Waits for what is being answered.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::control
