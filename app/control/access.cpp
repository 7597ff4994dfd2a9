#include "app/control/access.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <string_view>

#include "engine/api/error.h"
#include "engine/api/file.h"
#include "engine/api/log.h"

namespace vireo::control {
namespace {

constexpr std::size_t kLeastToken = 16, kMostToken = 4096;

[[noreturn]] void refuse(const config::Place& place, const std::string& what) {
  throw Error(ErrorCode::invalid_argument, (place.text.empty() ? "" : place.text + ": ") + what);
}

bool is_loopback(const std::string& host) {
  static const std::regex kForm(R"(localhost|::1|127\.\d{1,3}\.\d{1,3}\.\d{1,3})", std::regex::icase);
  return std::regex_match(host, kForm);
}

/// "host", "host:port", "[::1]:port", and what may stand before (a scheme).
std::string host_of(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  if (text.starts_with('[')) return std::string(text.substr(1, text.find(']') == text.npos ? 0 : text.find(']') - 1));
  return std::string(text.substr(0, text.find(':')));
}

/// "$.stage[0].infer.model" in a sentence. Not by a regular expression: those recurse, and clients write what is here.
std::string field_in(const std::string& message) {
  const std::size_t begin = message.find("$.");
  if (begin == std::string::npos) return {};
  const auto part = [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '[' || c == ']' || c == '.';
  };
  const auto end = std::find_if_not(message.begin() + long(begin) + 1, message.end(), part);
  return {message.begin() + long(begin), end};
}

std::string read_token(const config::ControlConfig& config) {
  std::string token;
  try {
    token = read_file(config.token_file, kMostToken);
  } catch (const Error& error) {
    throw Error(error.code(), (config.token_place.text.empty() ? "" : config.token_place.text + ": ") + error.what());
  }
  std::error_code failed;
  const auto mode = std::filesystem::status(config.token_file, failed).permissions();
  if (!failed && (mode & std::filesystem::perms::others_read) != std::filesystem::perms::none)
    log(LogLevel::warning, "control: every user can read the token in " + config.token_file + "; chmod o-r it");
  const auto blank = [](unsigned char c) { return c <= ' '; };
  token.erase(std::find_if_not(token.rbegin(), token.rend(), blank).base(), token.end());
  token.erase(token.begin(), std::find_if_not(token.begin(), token.end(), blank));
  const bool printable = std::all_of(token.begin(), token.end(), [](unsigned char c) { return c > ' ' && c < 127; });
  if (token.size() < kLeastToken || !printable)
    refuse(config.token_place,
           config.token_file + ": a token is " + std::to_string(kLeastToken) +
               " or more printable characters without blanks, like those of `openssl rand -hex 32`");
  return token;
}

}  // namespace

Access::Access(const config::ControlConfig& config) {
  const std::string& listen = config.listen;
  const std::size_t colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? listen : listen.substr(colon + 1);
  host_ = colon == std::string::npos ? "127.0.0.1" : host_of(listen.substr(0, colon));
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), port_);
  const bool bare_v6 = colon != std::string::npos && !listen.starts_with('[') && listen.find(':') != colon;
  if (error != std::errc() || end != port.data() + port.size() || port_ < 0 || port_ > 65535 || host_.empty() ||
      bare_v6)
    refuse(config.place, "control: found '" + listen + "', accepted are PORT, HOST:PORT and [IPV6]:PORT");
  loopback_ = is_loopback(host_);
  if (loopback_ && host_ != "::1" && !host_.starts_with("127.")) host_ = "127.0.0.1";  // whatever a resolver says
  if (!config.token_file.empty()) token_ = read_token(config);
  if (!loopback_ && token_.empty())
    refuse(config.place, "control: at '" + listen +
                             "' other machines can connect, and nothing says who may; give a token "
                             "(--control-token-file, token_file), or listen at 127.0.0.1");
}

std::string Access::address(int port) const {
  return "http://" + (host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]") + ":" + std::to_string(port);
}

std::optional<Response> Access::refusal(const Request& request) const {
  if (loopback_ && !is_loopback(host_of(request.host)))
    return error_response(403, "foreign_host",
                          "Host: found '" + request.host + "', accepted are localhost and 127.0.0.1");
  if (!request.origin.empty() && (!loopback_ || !is_loopback(host_of(request.origin))) &&
      host_of(request.origin) != host_of(request.host))
    return error_response(403, "foreign_origin", "pages of other origins may not ask");
  if (request.path == "/healthz" || request.path == "/readyz" || knows_token(request)) return std::nullopt;
  Response response = error_response(401, "no_token", "the token is missing or wrong: Authorization: Bearer TOKEN");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"vireo\"");
  return response;
}

bool Access::knows_token(const Request& request) const {
  if (token_.empty()) return true;
  constexpr std::string_view kScheme = "bearer ";
  const std::string& given = request.authorization;
  const bool bearer = given.size() > kScheme.size() &&
                      std::equal(kScheme.begin(), kScheme.end(), given.begin(),
                                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  return bearer && equal_in_constant_time(token_, given.substr(kScheme.size()));
}

bool equal_in_constant_time(const std::string& secret, const std::string& given) {
  volatile unsigned char difference = secret.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference =
        difference | static_cast<unsigned char>(given[i] ^ secret[i % std::max<std::size_t>(1, secret.size())]);
  return difference == 0;
}

Response error_response(int status, const std::string& code, const std::string& message) {
  nlohmann::ordered_json error = {{"code", code}, {"message", message}};
  if (const std::string field = field_in(message); !field.empty()) error["field"] = field;
  Response response;
  response.status = status;
  response.body =
      nlohmann::ordered_json{{"error", error}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace vireo::control
