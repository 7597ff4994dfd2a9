#include "app/deployment/truncation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "engine/api/error.h"
#include "engine/api/file.h"

namespace vireo::deployment {
namespace {

using Bytes = std::array<unsigned char, 16>;

/// Small reads at any place of a file; nothing where it is not a file or can't be read.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) {
    try {
      file_.emplace(path);
    } catch (const Error&) {  // GStreamer has the better message
    }
  }
  [[nodiscard]] std::uint64_t size() const { return file_ ? file_->size() : 0; }
  /// 16 bytes from `at`, zeros past the end.
  [[nodiscard]] Bytes read(std::uint64_t at) {
    Bytes bytes{};
    try {
      if (at < size()) (void)file_->read(at, bytes.data(), bytes.size());
    } catch (const Error&) {
    }
    return bytes;
  }

 private:
  std::optional<InputFile> file_;
};

std::uint64_t big_endian(const Bytes& bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = value << 8 | bytes[i];
  return value;
}

bool starts(const Bytes& bytes, const char* text, std::size_t at = 0) {
  return std::memcmp(bytes.data() + at, text, std::strlen(text)) == 0;
}

std::string cut(const Reader& file, const std::string& part, std::uint64_t at, std::uint64_t size) {
  const std::string end = size > UINT64_MAX - at ? "far beyond" : "at " + std::to_string(at + size);
  return "it has " + std::to_string(file.size()) + " bytes, its " + part + " ends " + end;
}

/// No video has more boxes or elements; the limit also stops files that are made to be slow.
constexpr int kMostParts = 1 << 20;

bool is_top_level_box(const std::string& type) {
  for (const char* known : {"ftyp", "styp", "moov", "moof", "mdat", "meta", "mfra", "sidx", "ssix", "emsg", "prft",
                            "pdin", "free", "skip", "wide", "udta", "uuid"})
    if (type == known) return true;
  return false;
}

/// ISO 14496-12, 4.2: a box is its size (4 bytes), its type (4), and where the size is 1, the size in 8 bytes.
std::string missing_box(Reader& file) {
  bool index = false;
  std::uint64_t at = 0;
  for (int parts = 0; file.size() - at >= 8; ++parts) {
    const Bytes head = file.read(at);
    std::uint64_t size = big_endian(head, 0, 4);
    const std::string type(reinterpret_cast<const char*>(head.data()) + 4, 4);
    if (size == 0) return {};                                       // up to the end, wherever that is
    if (!is_top_level_box(type) || parts == kMostParts) return {};  // something foreign after the boxes
    if (size == 1) size = file.size() - at < 16 ? 16 : big_endian(head, 8, 8);
    if (size < 8) return {};
    if (size > file.size() - at) return cut(file, "'" + type + "' box", at, size);
    index = index || type == "moov" || type == "moof" || type == "meta";  // fragments and pictures have their own
    at += size;
  }
  return index ? "" : "its index, the 'moov' box, is missing";
}

/// A number in Matroska's form (RFC 8794, 4): as many zero bits lead as bytes follow the first.
struct Number {
  std::uint64_t value = 0;
  std::size_t bytes = 0;
  bool open = false;  ///< all ones: a size that the writer did not know
};
std::optional<Number> number_at(const Bytes& bytes, std::size_t at, bool keep_marker) {
  std::size_t count = 1;
  while (count <= 8 && !(bytes[at] & 0x80 >> (count - 1))) ++count;
  if (count > 8 || at + count > bytes.size()) return std::nullopt;
  const std::uint64_t value = big_endian(bytes, at, count), marker = std::uint64_t{1} << 7 * count;
  return Number{keep_marker ? value : value & (marker - 1), count, (value & (marker - 1)) == marker - 1};
}

constexpr std::uint64_t kEbml = 0x1a45dfa3, kSegment = 0x18538067, kVoid = 0xec;

/// An element is its id, its size, its content; one without a size is walked through.
std::string missing_element(Reader& file) {
  bool top_level = true;
  std::uint64_t at = 0;
  for (int parts = 0; at < file.size() && parts < kMostParts; ++parts) {
    const Bytes head = file.read(at);
    const auto id = number_at(head, 0, true);
    const auto size = id ? number_at(head, id->bytes, false) : std::nullopt;
    if (!id || !size) return {};  // not an element: another kind of damage
    if (top_level && id->value != kEbml && id->value != kSegment && id->value != kVoid) return {};  // foreign
    const std::uint64_t content = at + id->bytes + size->bytes;
    if (size->open) {
      top_level = false;
      at = content;
      continue;
    }
    const std::string what = id->value == kSegment ? "segment" : "last element";
    if (content > file.size() || size->value > file.size() - content) return cut(file, what, content, size->value);
    at = content + size->value;
  }
  return {};
}

std::string missing_chunk(Reader& file) {
  for (std::uint64_t at = 0; file.size() - at >= 12;) {
    const Bytes head = file.read(at);
    if (!starts(head, "RIFF")) return {};
    const std::uint64_t size = std::uint64_t{head[4]} | std::uint64_t{head[5]} << 8 | std::uint64_t{head[6]} << 16 |
                               std::uint64_t{head[7]} << 24;
    if (size == 0 || size == 0xffffffff) return {};  // never filled in
    if (size > file.size() - at - 8) return cut(file, "RIFF chunk", at, 8 + size);
    at = std::min(file.size(), at + 8 + size + size % 2);
  }
  return {};
}

constexpr std::uint64_t kPacket = 188;

std::string missing_packet(Reader& file) {
  const std::uint64_t whole = file.size() / kPacket * kPacket;
  if (whole == file.size() || file.read(whole - kPacket)[0] != 0x47 || file.read(whole)[0] != 0x47) return {};
  return cut(file, "last transport packet", whole, kPacket);
}

bool is_transport_stream(Reader& file) {
  if (file.size() < 4 * kPacket) return false;
  for (int i = 0; i < 4; ++i)
    if (file.read(kPacket * static_cast<std::uint64_t>(i))[0] != 0x47) return false;
  return true;
}

enum class Format { other, boxes, matroska, avi, transport_stream };

Format format_of(Reader& file) {
  const Bytes head = file.read(0);
  for (const char* type : {"ftyp", "moov", "mdat", "wide", "free", "skip", "styp"})
    if (starts(head, type, 4)) return Format::boxes;
  if (starts(head, "\x1a\x45\xdf\xa3")) return Format::matroska;
  if (starts(head, "RIFF") && starts(head, "AVI ", 8)) return Format::avi;
  return is_transport_stream(file) ? Format::transport_stream : Format::other;
}

}  // namespace

std::string missing_end(const std::filesystem::path& path) {
  Reader file(path);
  switch (format_of(file)) {
    case Format::boxes: return missing_box(file);
    case Format::matroska: return missing_element(file);
    case Format::avi: return missing_chunk(file);
    case Format::transport_stream: return missing_packet(file);
    case Format::other: break;
  }
  return {};
}

bool states_duration(const std::filesystem::path& path) {
  Reader file(path);
  const Format format = format_of(file);
  return format == Format::boxes || format == Format::matroska || format == Format::avi;
}

}  // namespace vireo::deployment
