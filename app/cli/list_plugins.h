#pragma once
// What `list` prints about the pipeline's parts.

#include <string>

namespace vireo::cli {
void list_plugins(const std::string& what);  ///< decoders, trackers, publishers, elements; nothing for other words
}  // namespace vireo::cli
