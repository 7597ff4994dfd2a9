#include "app/deployment/orientation.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

namespace vireo::deployment {
namespace {

constexpr std::uint32_t kMostExif = 1 << 20;
constexpr int kMostChunks = 10000;

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : stream_(file, std::ios::binary) {}
  /// So many bytes from there; fewer where the file ends.
  std::string bytes(std::uint64_t at, std::uint32_t count) {
    std::string text(count, '\0');
    stream_.clear();
    stream_.seekg(std::streamoff(at));
    stream_.read(text.data(), std::streamsize(count));
    text.resize(std::size_t(std::max<std::streamsize>(0, stream_.gcount())));
    return text;
  }

 private:
  std::ifstream stream_;
};

enum class Order : std::uint8_t { big, little };

std::uint32_t number(const std::string& text, std::size_t at, int bytes, Order order) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    const auto byte = std::uint32_t(static_cast<unsigned char>(text[at + std::size_t(i)]));
    value = order == Order::big ? value << 8 | byte : value | byte << (8 * i);
  }
  return value;
}

/// The orientation (tag 274) in the first directory of a TIFF structure, which is what Exif is.
int in_exif(std::string exif) {
  if (exif.starts_with(std::string("Exif\0\0", 6))) exif.erase(0, 6);
  if (exif.size() < 8) return 1;
  const Order order = exif.starts_with("II") ? Order::little : Order::big;
  if (order == Order::big && !exif.starts_with("MM")) return 1;
  const std::size_t directory = number(exif, 4, 4, order);
  if (directory + 2 > exif.size()) return 1;
  const std::uint32_t entries = number(exif, directory, 2, order);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > exif.size()) return 1;
    if (number(exif, entry, 2, order) != 274 || number(exif, entry + 2, 2, order) != 3) continue;
    const std::uint32_t value = number(exif, entry + 8, 2, order);
    return value >= 1 && value <= 8 ? int(value) : 1;
  }
  return 1;
}

int in_jpeg(Reader& file) {
  std::uint64_t at = 2;
  for (int i = 0; i < kMostChunks; ++i) {
    const std::string head = file.bytes(at, 4);
    if (head.size() < 4 || head[0] != '\xff') return 1;
    const auto marker = static_cast<unsigned char>(head[1]);
    if (marker == 0xff) {  // filling
      ++at;
      continue;
    }
    if (marker == 0xda || marker == 0xd9) return 1;  // the picture begins, or nothing more comes
    const std::uint32_t length = number(head, 2, 2, Order::big);
    if (length < 2) return 1;
    if (marker == 0xe1) {
      const std::string exif = file.bytes(at + 4, length - 2);
      if (exif.starts_with(std::string("Exif\0\0", 6))) return in_exif(exif);
    }
    at += 2 + length;
  }
  return 1;
}

/// A chunk has its length before its name in PNG and behind it in WebP.
int in_chunks(Reader& file, std::uint64_t at, Order order, const char* name) {
  const bool png = order == Order::big;
  for (int i = 0; i < kMostChunks; ++i) {
    const std::string head = file.bytes(at, 8);
    if (head.size() < 8) return 1;
    const std::uint32_t length = number(head, png ? 0 : 4, 4, order);
    if (head.compare(png ? 4 : 0, 4, name) == 0) return in_exif(file.bytes(at + 8, std::min(length, kMostExif)));
    at += 8 + std::uint64_t(length) + (png ? 4 : length & 1);
  }
  return 1;
}

}  // namespace

int exif_orientation(const std::filesystem::path& path) {
  Reader file(path);
  const std::string head = file.bytes(0, 12);
  if (head.starts_with("\xff\xd8\xff")) return in_jpeg(file);
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return in_chunks(file, 8, Order::big, "eXIf");
  if (head.starts_with("RIFF") && head.size() == 12 && head.compare(8, 4, "WEBP") == 0)
    return in_chunks(file, 12, Order::little, "EXIF");
  return 1;
}

const char* video_direction(int orientation) {
  static constexpr const char* kDirections[] = {"identity", "horiz", "180", "vert", "ul-lr", "90r", "ur-ll", "90l"};
  return kDirections[orientation >= 1 && orientation <= 8 ? orientation - 1 : 0];
}

}  // namespace vireo::deployment
