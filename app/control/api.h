#pragma once
// The HTTP interface: every route, and what answers it. openapi.json describes the same routes; a test holds the two
// together. Any thread.

#include <span>
#include <string_view>

#include "app/control/access.h"
#include "app/control/controller.h"
#include "app/control/http.h"

namespace vireo::control {

/// What a route's function is given.
struct Call {
  Controller& controller;
  const Request& request;
  std::string name;  ///< the {name} of the path
  bool trusted;      ///< has the token, or needs none
};

struct Route {
  std::string_view method, path;  ///< "/v1/streams/{name}"
  Response (*answer)(const Call&);
};
[[nodiscard]] std::span<const Route> routes();

/// Never throws: what went wrong is in the response.
[[nodiscard]] Response answer(Controller& controller, const Access& access, const Request& request);

/// The OpenAPI document, as it is served.
const char* openapi();

}  // namespace vireo::control
