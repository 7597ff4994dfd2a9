#include "engine/api/output_file.h"

#include <fstream>

#include "engine/base/file.h"
#include "engine/base/text.h"

namespace vireo {
namespace {

/// Names of what is open already (/dev/stdout, /proc/self/fd/1), whatever it is: not ours to rename.
bool is_alias(const std::filesystem::path& path) {
  const std::string text = std::filesystem::absolute(path).lexically_normal().string();
  return text.starts_with("/proc/") || (text.starts_with("/dev/") && !text.starts_with("/dev/shm/"));
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code failed;
  const std::filesystem::file_status status = std::filesystem::status(path, failed);
  if (!std::filesystem::is_other(status) && !is_alias(path)) {
    const std::string_view parts[] = {text};
    return base::write_file_atomically(path, parts);
  }
  std::ofstream stream(path, std::ios::binary);  // renaming would put a file in the place of the device
  stream << text;
  if (!stream.flush()) base::fail(ErrorCode::io, "can't write '", path.string(), "'");
}

}  // namespace vireo
