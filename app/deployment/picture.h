#pragma once
// One frame as the bytes of a picture file, for who looks in from outside. Any thread; takes the caller's time.

#include <gst/gst.h>

#include <string>

#include "config/settings.h"

namespace vireo::deployment {

/// By an element like "jpegenc". `draw`: the properties with which vireodraw draws the frame's results first; null:
/// the frame is as it is. Throws Error.
[[nodiscard]] std::string encoded(GstSample* frame, const char* encoder, const config::Options* draw);

}  // namespace vireo::deployment
