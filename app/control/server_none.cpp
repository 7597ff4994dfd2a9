// For builds where the libraries of the server were not found.

#include "app/control/server.h"
#include "engine/api/error.h"

namespace vireo::control {

struct Server::State {};

bool Server::available() { return false; }

void Server::check(const config::ControlConfig& config) {
  throw Error(ErrorCode::unsupported, (config.place.text.empty() ? "" : config.place.text + ": ") +
                                          "this build has no HTTP server; install libcpp-httplib-dev and "
                                          "prometheus-cpp-dev, and configure and build again");
}

Server::Server(Controller&, const config::ControlConfig& config) { check(config); }

Server::~Server() = default;

std::string Server::address() const { return {}; }

}  // namespace vireo::control
