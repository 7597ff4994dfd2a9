#pragma once
// The name of a picture (its file or address) as a meta of its own, for sources that show one picture after another. It
// survives whatever becomes of the pixels. vireoinfer writes it into its results.

#include <gst/gst.h>

#include <string>

namespace vireo::gst {

/// The buffer must be writable.
void attach_picture_name(GstBuffer* buffer, const std::string& name);
/// Null where there is none; valid as long as the buffer.
[[nodiscard]] const std::string* find_picture_name(GstBuffer* buffer);

}  // namespace vireo::gst
