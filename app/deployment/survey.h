#pragma once
// What this machine has for video: for `vireo list elements` and `vireo doctor`. Any thread.

#include <string>
#include <vector>

namespace vireo::deployment {

struct ElementInfo {
  std::string name, summary;
};
/// Vireo's own elements. Throws Error when the plugin can't be loaded.
[[nodiscard]] std::vector<ElementInfo> list_elements();

struct Finding {
  bool present = false;
  bool essential = false;  ///< the demo needs it
  std::string what;        ///< "H.264 encoder (x264enc)"
  std::string remedy;      ///< "install gstreamer1.0-plugins-ugly"
};
[[nodiscard]] std::vector<Finding> survey();

}  // namespace vireo::deployment
