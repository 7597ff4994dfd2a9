#pragma once
// What the address of a source says by itself: what kind it is, and how to show it without its secrets. Any thread.

#include <string>

namespace vireo::deployment {

struct SourceKind {
  bool live = false;     ///< frames come at their time; it is opened anew when it fails, stalls or ends
  bool network = false;  ///< somebody else's machine sends it
};
/// `said_live`: what the configuration says, where the address does not: of generators and of http(s)://.
[[nodiscard]] SourceKind kind_of(const std::string& uri, bool said_live);

/// "rtsp://admin:secret@10.0.0.7/h264?token=1" → "rtsp://10.0.0.7/h264": user, password and query are never shown.
[[nodiscard]] std::string safe_address(const std::string& uri);
/// A message of somebody else, without the secrets of this address.
[[nodiscard]] std::string without_secrets(std::string text, const std::string& uri);

}  // namespace vireo::deployment
