#pragma once
// GStreamer and Vireo's elements, ready for use. Any thread.

namespace vireo::deployment {

/// Looks for the plugin next to the program first. Throws Error.
void load_elements();

}  // namespace vireo::deployment
