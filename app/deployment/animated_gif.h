#pragma once
// GIF files with more than one picture. GStreamer's decoder (avdec_gif) never ends on them and gives no times, so they
// are told apart and refused. Any thread.

#include <filesystem>

namespace vireo::deployment {

[[nodiscard]] bool is_animated_gif(const std::filesystem::path& file);
/// Throws Error(unsupported) with what to do instead.
void refuse_animation(const std::filesystem::path& file);

}  // namespace vireo::deployment
