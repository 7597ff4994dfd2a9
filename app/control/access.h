#pragma once
// Who may ask what. Without a token only this machine can connect, and a browser's pages can't: they would come with
// a foreign Host (a name that was made to point here) or Origin. With a token, it is asked for everywhere but for
// /healthz and /readyz. Immutable; any thread.

#include <optional>
#include <string>

#include "app/control/http.h"
#include "config/settings.h"

namespace vireo::control {

class Access {
 public:
  /// Reads the token. Throws Error where other machines could connect and there is none.
  explicit Access(const config::ControlConfig& config);

  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] int port() const { return port_; }
  /// "http://127.0.0.1:8080"
  [[nodiscard]] std::string address(int port) const;

  /// The answer where the request is refused.
  [[nodiscard]] std::optional<Response> refusal(const Request& request) const;
  /// Whether the request may see more than that all is well.
  [[nodiscard]] bool knows_token(const Request& request) const;

 private:
  std::string host_, token_;
  int port_ = 0;
  bool loopback_ = true;
};

/// {"error": {"code": …, "message": …, "field": "$.source.uri"}}; the field where the message names one.
[[nodiscard]] Response error_response(int status, const std::string& code, const std::string& message);

/// Equal, in a time that depends on the length of `given` alone.
[[nodiscard]] bool equal_in_constant_time(const std::string& secret, const std::string& given);

}  // namespace vireo::control
