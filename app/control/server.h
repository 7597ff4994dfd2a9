#pragma once
// The controller, served over HTTP. A build without the libraries for it has server_none.cpp.

#include <memory>
#include <string>

#include "app/control/controller.h"
#include "config/settings.h"

namespace vireo::control {

class Server {
 public:
  /// Whether this build has what it takes.
  [[nodiscard]] static bool available();
  /// Throws what the constructor would for this configuration, and listens nowhere.
  static void check(const config::ControlConfig& config);

  /// Listens and serves until it goes; `controller` must outlive it. Throws Error.
  Server(Controller& controller, const config::ControlConfig& config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// "http://127.0.0.1:8080"
  [[nodiscard]] std::string address() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vireo::control
