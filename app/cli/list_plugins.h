#pragma once
// What `list` and `doctor` print about the pipeline's parts.

#include <string>

namespace vireo::cli {
void list_plugins(const std::string& what);  ///< decoders, trackers, publishers, elements; nothing for other words
/// Prints a line for each thing that videos need; false when something essential is missing.
bool examine_pipeline();
}  // namespace vireo::cli
