#include "app/control/api.h"

#include <algorithm>
#include <array>
#include <optional>

#include "app/control/health.h"
#include "app/control/metrics.h"
#include "engine/api/error.h"
#include "engine/api/log.h"

namespace vireo::control {
namespace {

using namespace std::chrono_literals;

constexpr auto kPictureWait = 2s;

Response json(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.body = std::move(body) + "\n";
  return response;
}

Response no_stream(const std::string& name) {
  return error_response(404, "not_found", "there is no stream '" + name + "'");
}

std::optional<deployment::StreamSnapshot> status_of(const Call& call) {
  for (deployment::StreamSnapshot& stream : call.controller.deployment().snapshot().streams)
    if (stream.name == call.name) return std::move(stream);
  return std::nullopt;
}

/// What it is and what it does; 404 where it is not.
Response stream_as_it_is(const Call& call, int status) {
  const std::string config = call.controller.stream_json(call.name);
  const auto now = status_of(call);
  if (config.empty() || !now) return no_stream(call.name);
  return json("{\"status\": " + deployment::to_json(*now) + ", \"config\": " + config + "}", status);
}

Response list_streams(const Call& call) {
  std::string list;
  for (const deployment::StreamSnapshot& stream : call.controller.deployment().snapshot().streams)
    list += (list.empty() ? "" : ", ") + deployment::to_json(stream);
  return json("{\"streams\": [" + list + "]}");
}

Response get_stream(const Call& call) { return stream_as_it_is(call, 200); }

Response put_stream(const Call& call) {
  const Controller::Done done = call.controller.put_stream(call.name, call.request.body);
  log(LogLevel::warning, "control: stream '" + call.name + "' was put");
  return stream_as_it_is(call, done == Controller::Done::made ? 201 : 200);
}

Response patch_stream(const Call& call) {
  switch (call.controller.patch_stream(call.name, call.request.body)) {
    case Controller::Done::unknown: return no_stream(call.name);
    case Controller::Done::needs_restart:
      return error_response(409, "needs_restart",
                            "the stream is not playing, or not all of this can change while it plays; PUT begins it "
                            "anew with all of its configuration");
    default: break;
  }
  log(LogLevel::warning, "control: stream '" + call.name + "' was changed");
  return stream_as_it_is(call, 200);
}

Response delete_stream(const Call& call) {
  if (call.controller.remove_stream(call.name) == Controller::Done::unknown) return no_stream(call.name);
  log(LogLevel::warning, "control: stream '" + call.name + "' was removed");
  Response response;
  response.status = 204;
  return response;
}

Response picture(const Call& call, deployment::Deployment::Picture kind, const char* type) {
  const auto now = status_of(call);
  if (!now) return no_stream(call.name);
  Response response;
  response.body = call.controller.deployment().picture(call.name, kind, kPictureWait);
  if (response.body.empty())
    return error_response(503, "no_frame",
                          "no frame comes from stream '" + call.name + "' now; it is " +
                              std::string(deployment::to_string(now->state)) +
                              (now->problem.empty() ? "" : ": " + now->problem));
  response.type = type;
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response jpeg(const Call& call) { return picture(call, deployment::Deployment::Picture::jpeg, "image/jpeg"); }
Response png(const Call& call) { return picture(call, deployment::Deployment::Picture::png, "image/png"); }

Response get_config(const Call& call) { return json(call.controller.deployment_json()); }

Response put_config(const Call& call) {
  call.controller.put_deployment(call.request.body);
  log(LogLevel::warning, "control: the whole deployment was put");
  return get_config(call);
}

Response healthz(const Call&) { return json("{\"healthy\": true}"); }

Response readyz(const Call& call) {
  const Readiness readiness = readiness_of(call.controller.deployment().snapshot(), deployment::now_ns());
  std::string waiting;
  for (const deployment::StreamSnapshot& stream : readiness.waiting)
    waiting += (waiting.empty() ? "" : ", ") + deployment::to_json(stream);
  return json(std::string("{\"ready\": ") + (readiness.ready ? "true" : "false") +
                  (call.trusted ? ", \"waiting\": [" + waiting + "]" : "") + "}",
              readiness.ready ? 200 : 503);
}

Response metrics(const Call& call) {
  Response response;
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics_text(call.controller.deployment().snapshot(), deployment::now_ns());
  return response;
}

Response get_openapi(const Call&) { return json(openapi()); }

constexpr std::array<Route, 14> kRoutes = {{
    {"GET", "/v1/streams", list_streams},
    {"GET", "/v1/streams/{name}", get_stream},
    {"PUT", "/v1/streams/{name}", put_stream},
    {"PATCH", "/v1/streams/{name}", patch_stream},
    {"DELETE", "/v1/streams/{name}", delete_stream},
    {"GET", "/v1/streams/{name}/snapshot", jpeg},
    {"GET", "/v1/streams/{name}/snapshot.jpg", jpeg},
    {"GET", "/v1/streams/{name}/snapshot.png", png},
    {"GET", "/v1/config", get_config},
    {"PUT", "/v1/config", put_config},
    {"GET", "/healthz", healthz},
    {"GET", "/readyz", readyz},
    {"GET", "/metrics", metrics},
    {"GET", "/openapi.json", get_openapi},
}};

/// The {name} where the path is one of the route's.
std::optional<std::string> match(std::string_view route, std::string_view path) {
  const std::size_t begin = route.find('{');
  if (begin == std::string_view::npos) return route == path ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = route.substr(0, begin), after = route.substr(route.find('}') + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
    return std::nullopt;
  const std::string_view name = path.substr(before.size(), path.size() - before.size() - after.size());
  if (name.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(name);
}

Response dispatch(Controller& controller, const Access& access, const Request& request) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    const auto name = match(route.path, request.path);
    if (!name) continue;
    if (route.method == request.method) return route.answer({controller, request, *name, access.knows_token(request)});
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allowed.empty())
    return error_response(404, "not_found", "nothing is at '" + request.path + "'; /openapi.json says what is");
  Response response = error_response(405, "method", request.method + " is not accepted here; accepted are " + allowed);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

Response response_to(const Error& error) {
  switch (error.code()) {
    case ErrorCode::io: return error_response(500, "io", error.what());
    case ErrorCode::internal: return error_response(500, "internal", error.what());
    case ErrorCode::out_of_memory: return error_response(500, "out_of_memory", error.what());
    default: return error_response(400, "invalid_argument", error.what());
  }
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Response answer(Controller& controller, const Access& access, const Request& request) {
  Response response;
  try {
    const std::optional<Response> refused = access.refusal(request);
    response = refused ? *refused : dispatch(controller, access, request);
  } catch (const Error& error) {
    response = response_to(error);
  } catch (const std::exception& error) {
    response = error_response(500, "internal", error.what());
  }
  if (log_level() <= LogLevel::info)
    log(LogLevel::info, "control: " + request.method + " " + request.path + " " + std::to_string(response.status));
  return response;
}

}  // namespace vireo::control
