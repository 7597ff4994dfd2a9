#pragma once
// What this machine has for video: for `vireo list elements` and `vireo doctor`. Any thread.

#include <string>
#include <vector>

#include "app/machine/finding.h"

namespace vireo::deployment {

struct ElementInfo {
  std::string name, summary;
};
/// Vireo's own elements. Throws Error when the plugin can't be loaded.
[[nodiscard]] std::vector<ElementInfo> list_elements();

/// Elements and libraries by what they are for, and the display.
[[nodiscard]] std::vector<machine::Finding> survey();

/// The version of Vireo's plugin; "" where it can't be loaded.
[[nodiscard]] std::string plugin_version();

}  // namespace vireo::deployment
