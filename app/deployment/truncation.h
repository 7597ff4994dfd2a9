#pragma once
// Tells whether a video file ends before its own structure does: a copy or download that was cut off. GStreamer plays
// such files up to the cut and then reports a plain end of stream. Any thread.
//
// Known are MP4/MOV (box sizes), Matroska/WebM (element sizes), AVI (RIFF sizes) and MPEG transport streams (whole
// packets). Files whose writer left the sizes open, and elementary streams, can't be told from whole ones.

#include <filesystem>
#include <string>

namespace vireo::deployment {

/// What is missing, as "it has N bytes, its 'mdat' box ends at M"; empty for whole files and where nothing can be said.
[[nodiscard]] std::string missing_end(const std::filesystem::path& file);
/// True for files whose duration was written down, not guessed from their size and rate: MP4/MOV, Matroska, AVI.
[[nodiscard]] bool states_duration(const std::filesystem::path& file);

}  // namespace vireo::deployment
