#pragma once
// How a picture file wants to be turned: the Exif mark that cameras write. Pure function.

#include <filesystem>

namespace vireo::deployment {

/// 1 (as it is) to 8, as Exif counts them; of JPEG, PNG and WebP. 1 for everything else, and where the mark is damaged.
[[nodiscard]] int exif_orientation(const std::filesystem::path& file);

/// The value of videoflip's video-direction that shows it upright.
[[nodiscard]] const char* video_direction(int orientation);

}  // namespace vireo::deployment
