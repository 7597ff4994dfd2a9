#pragma once
// The picture that a stream shows while its source is away: which stream, since when. One thread at a time.

#include <string>

#include "app/deployment/gst_objects.h"

namespace vireo::deployment {

/// A frame of this size at this running time. Text that is too wide is cut off.
[[nodiscard]] OwnedSample make_slate(int width, int height, GstClockTime running, GstClockTime duration,
                                     const std::string& title, const std::string& line);

}  // namespace vireo::deployment
