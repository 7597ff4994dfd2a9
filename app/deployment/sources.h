#pragma once
// Sources: each becomes a bin with one "src" pad of raw video. The one place that knows what an address may be. Used
// while an input's pipeline is built, by its thread.

#include "app/deployment/gst_objects.h"
#include "config/settings.h"

namespace vireo::deployment {

/// "vireoscene", "test".
[[nodiscard]] bool is_generator(const std::string& uri);
/// A file, a folder or a glob: relative ones are seen from the folder of the configuration.
[[nodiscard]] bool is_path(const std::string& uri);

/// Adds the source's bin to the pipeline. Files are opened by an element named "decode". Throws Error when the address
/// can't be a source.
GstElement* add_source(GstBin* pipeline, const config::SourceConfig& source, const std::string& name);

/// The pictures that a path means, sorted: of a directory, of a glob, or the file itself when it is a picture; empty
/// when it means something else.
[[nodiscard]] std::vector<std::string> find_pictures(const std::string& path);

/// The video file that a path or file:// URI names; empty for every other source, pictures among them.
[[nodiscard]] std::string video_file_of(const std::string& uri);

/// The videos that a directory or glob without pictures means, sorted: they are played one after the other. Empty for a
/// single file.
[[nodiscard]] std::vector<std::string> find_videos(const std::string& path);

/// A bin that shows each picture file once, at its own size. One that can't be read is left out: an application message
/// with its "text" says so. (image_source.cpp)
GstElement* add_image_source(GstBin* pipeline, std::vector<std::string> files, double fps, const std::string& name);

}  // namespace vireo::deployment
