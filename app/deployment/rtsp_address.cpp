// What the address of an RTSP sink says.

#include <charconv>

#include "app/deployment/address.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/rtsp_server.h"

namespace vireo::deployment {
namespace {

[[noreturn]] void refuse_rtsp(const std::string& address, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "sink '" + safe_address(address) + "': " + why +
                                               "; accepted is rtsp://[USER:PASSWORD@][HOST]:PORT/PATH, for example "
                                               "rtsp://:8554/north (without a host: to be watched on this machine)");
}

std::string unescaped(const std::string& text) { return take(g_uri_unescape_string(text.c_str(), nullptr)); }

}  // namespace

std::string RtspAddress::server() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

RtspAddress parse_rtsp(const std::string& address) {
  RtspAddress parts;
  std::string rest = address.substr(address.find("://") + 3);
  const std::size_t slash = rest.find('/');
  std::string place = rest.substr(0, slash);
  parts.path = slash == std::string::npos ? "" : rest.substr(slash);
  if (const std::size_t at = place.rfind('@'); at != std::string::npos) {
    const std::string who = place.substr(0, at);
    place.erase(0, at + 1);
    const std::size_t colon = who.find(':');
    parts.user = unescaped(who.substr(0, colon));
    if (colon != std::string::npos) parts.password = unescaped(who.substr(colon + 1));
    if (parts.user.empty() || parts.password.empty()) refuse_rtsp(address, "user or password is empty");
  }
  const std::size_t colon = place.rfind(':');
  if (colon == std::string::npos || place.ends_with("]")) refuse_rtsp(address, "it names no port");
  parts.port = place.substr(colon + 1);
  parts.host = place.substr(0, colon);
  if (parts.host.starts_with("[") && parts.host.ends_with("]"))
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  parts.host_given = !parts.host.empty();
  if (!parts.host_given) parts.host = "127.0.0.1";
  unsigned port = 0;
  const char* end = parts.port.data() + parts.port.size();
  if (const auto [stop, failed] = std::from_chars(parts.port.data(), end, port);
      failed != std::errc() || stop != end || port < 1 || port > 65535)
    refuse_rtsp(address, "a port is 1..65535, found '" + parts.port + "'");
  parts.port = std::to_string(port);
  if (parts.path.size() < 2 || parts.path.ends_with("/") || parts.path.find_first_of("?# ") != std::string::npos)
    refuse_rtsp(address, "the path '" + parts.path + "' names no stream");
  return parts;
}

}  // namespace vireo::deployment
