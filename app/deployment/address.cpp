#include "app/deployment/address.h"

#include <array>
#include <string_view>
#include <vector>

namespace vireo::deployment {
namespace {

/// Where host and path begin, where the user's name and password end, where the query begins.
struct Parts {
  std::size_t host = 0, user = 0, query = std::string::npos;
  bool network = false;
};

Parts split(const std::string& uri) {
  Parts parts;
  const std::size_t scheme = uri.find("://");
  if (scheme == std::string::npos || uri.starts_with("file:") || uri.starts_with("v4l2:") || uri.starts_with("screen:"))
    return parts;
  parts.network = true;
  parts.user = parts.host = scheme + 3;
  const std::size_t path = uri.find_first_of("/?#", parts.user);
  const std::size_t at = uri.rfind('@', path);
  if (at != std::string::npos && at >= parts.user) parts.host = at + 1;
  parts.query = uri.find('?', parts.host);
  return parts;
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

}  // namespace

SourceKind kind_of(const std::string& uri, bool said_live) {
  if (uri == "vireoscene" || uri == "test") return {said_live, false};
  if (uri.starts_with("/dev/") || uri.starts_with("v4l2://")) return {true, false};
  if (uri == "screen" || uri.starts_with("screen://")) return {true, false};
  const Parts parts = split(uri);
  if (!parts.network) return {};
  static constexpr std::array<std::string_view, 12> kLive = {"rtsp", "rtsps", "rtspt", "rtspu", "rtsph", "rtp",
                                                             "udp",  "srt",   "rtmp",  "rtmps", "rist",  "mms"};
  const std::string_view scheme = std::string_view(uri).substr(0, uri.find(':'));
  for (const std::string_view live : kLive)
    if (scheme == live) return {true, true};
  return {said_live, true};
}

std::string safe_address(const std::string& uri) {
  const Parts parts = split(uri);
  if (!parts.network) return uri;
  const std::string rest =
      uri.substr(parts.host, parts.query == std::string::npos ? parts.query : parts.query - parts.host);
  return uri.substr(0, parts.user) + rest;
}

std::string without_secrets(std::string text, const std::string& uri) {
  const Parts parts = split(uri);
  if (!parts.network) return text;
  replace_all(text, uri, safe_address(uri));
  if (parts.host > parts.user) {
    const std::string secret = uri.substr(parts.user, parts.host - parts.user - 1);
    replace_all(text, secret + "@", "");
    const std::size_t colon = secret.find(':');
    if (colon != std::string::npos && secret.size() > colon + 3) replace_all(text, secret.substr(colon + 1), "***");
  }
  if (parts.query != std::string::npos) replace_all(text, uri.substr(parts.query), "");
  return text;
}

}  // namespace vireo::deployment
