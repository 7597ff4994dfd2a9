#include "app/deployment/animated_gif.h"

#include <cstdint>
#include <fstream>
#include <string>

#include "engine/api/error.h"

namespace vireo::deployment {
namespace {

/// GIF89a, section 20 on: a colour table has 3 * 2^(n+1) bytes where its flag is set.
std::streamoff table_bytes(int flags) { return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0; }

}  // namespace

bool is_animated_gif(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char head[13] = {};
  if (!file.read(head, sizeof head) || std::string(head, 4) != "GIF8") return false;
  const auto skip = [&](std::streamoff bytes) { file.seekg(bytes, std::ios::cur); };
  const auto skip_blocks = [&] {  // each has its size in front; the last one has none
    for (int size = file.get(); size > 0; size = file.get()) skip(size);
  };
  skip(table_bytes(static_cast<unsigned char>(head[10])));
  for (int pictures = 0; file.good();) {
    const int kind = file.get();
    if (kind == 0x21) {  // extension: its label, then blocks
      skip(1);
      skip_blocks();
    } else if (kind == 0x2c) {  // picture: place and size, flags, table, code size, blocks
      if (++pictures == 2) return true;
      skip(8);
      skip(table_bytes(file.get()) + 1);
      skip_blocks();
    } else {
      return false;
    }
  }
  return false;
}

void refuse_animation(const std::filesystem::path& file) {
  if (!is_animated_gif(file)) return;
  throw Error(ErrorCode::unsupported, "source '" + file.string() +
                                          "' is an animated GIF, which GStreamer can't play; make a video of it: "
                                          "ffmpeg -i FILE.gif FILE.mp4");
}

}  // namespace vireo::deployment
