#include "app/control/server.h"

#include "app/control/access.h"
#include "app/control/api.h"
#include "app/control/http.h"

namespace vireo::control {

struct Server::State {
  State(Controller& controller, const config::ControlConfig& config)
      : access(config), http(access.host(), access.port(), [this, &controller](const Request& request) {
          return answer(controller, access, request);
        }) {}
  const Access access;
  HttpServer http;
};

bool Server::available() { return true; }

void Server::check(const config::ControlConfig& config) { const Access access(config); }

Server::Server(Controller& controller, const config::ControlConfig& config)
    : state_(std::make_unique<State>(controller, config)) {}

Server::~Server() = default;

std::string Server::address() const { return state_->access.address(state_->http.port()); }

}  // namespace vireo::control
