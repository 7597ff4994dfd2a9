#pragma once
// Writing small files for users: reports, tables, graphs. Any thread.

#include <filesystem>
#include <string_view>

#include "engine/api/export.h"

namespace vireo {

/// The file appears under its name when it is whole: a temporary one next to it is renamed. Pipes and devices
/// (/dev/stdout) are written as they are. Throws Error(not_found | io) naming the path.
VIREO_API void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace vireo
