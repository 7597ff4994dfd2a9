#pragma once
// Sinks for pictures: each becomes a bin with one "sink" pad. Used while a pipeline is built, by its thread.

#include "app/deployment/gst_objects.h"

namespace vireo::deployment {

enum class SinkKind { display, video_file, publisher, none };

struct SinkAddress {
  SinkKind kind = SinkKind::none;
  std::string target;  ///< file, or address of the publisher
};

/// Reads what the user wrote. Throws Error(invalid_argument) listing what is accepted.
[[nodiscard]] SinkAddress parse_sink(const std::string& text);
/// "out.mp4" → "out-north.mp4", for the file of one source among several.
[[nodiscard]] std::string with_name(const std::string& file, const std::string& name);

/// H.264 in MP4 (index first) or Matroska. All frames with their times; the first frame's size stays.
GstElement* add_file_sink(GstBin* pipeline, const std::string& file);
/// A window; `wait` shows frames at their time, otherwise at once. `factory` is find_display_sink()'s.
GstElement* add_display_sink(GstBin* pipeline, const std::string& factory, bool wait, bool skip_late);
GstElement* add_null_sink(GstBin* pipeline);

}  // namespace vireo::deployment
