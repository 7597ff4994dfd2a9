// GIF89a (CompuServe, 1990); section numbers are its own.

#include "app/deployment/gif.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "engine/api/error.h"
#include "engine/api/file.h"

namespace vireo::deployment {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 30;
constexpr std::int64_t kMostPixels = 1 << 26;
constexpr int kMostCodes = 4096;

/// Section 19, 20: a colour table has 3 * 2^(n+1) bytes where its flag is set.
std::streamoff table_bytes(int flags) { return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0; }

/// Appendix F: codes of growing width, each a word of the table that it extends. Stops at `most` values.
std::vector<std::uint8_t> unpack(const std::string& data, int code_size, std::size_t most) {
  struct Word {
    int before;
    std::uint8_t last, first;
  };
  std::array<Word, kMostCodes> table{};
  const int clear = 1 << code_size, end = clear + 1;
  for (int i = 0; i < clear; ++i) table[std::size_t(i)] = {-1, std::uint8_t(i), std::uint8_t(i)};
  std::vector<std::uint8_t> out, reversed;
  out.reserve(most);
  int known = end + 1, width = code_size + 1, former = -1;
  std::uint32_t bits = 0;
  int held = 0;
  for (std::size_t at = 0; out.size() < most;) {
    while (held < width && at < data.size()) {
      bits |= std::uint32_t(static_cast<unsigned char>(data[at++])) << held;
      held += 8;
    }
    if (held < width) break;
    const int code = int(bits & ((1u << width) - 1));
    bits >>= width;
    held -= width;
    if (code == end) break;
    if (code == clear) {
      known = end + 1, width = code_size + 1, former = -1;
      continue;
    }
    if (code > known || (code == known && former < 0)) break;  // damaged
    const bool repeats = code == known;                        // the former word and its own first value
    reversed.clear();
    for (int c = repeats ? former : code; c >= 0; c = table[std::size_t(c)].before)
      reversed.push_back(table[std::size_t(c)].last);
    const std::uint8_t first = reversed.back();
    out.insert(out.end(), reversed.rbegin(), reversed.rend());
    if (repeats) out.push_back(first);
    if (former >= 0 && known < kMostCodes) {
      table[std::size_t(known++)] = {former, first, table[std::size_t(former)].first};
      if (known == 1 << width && width < 12) ++width;
    }
    former = code;
  }
  out.resize(std::min(out.size(), most));
  return out;
}

}  // namespace

bool is_animated_gif(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char head[13] = {};
  if (!file.read(head, sizeof head) || std::string(head, 4) != "GIF8") return false;
  const auto skip = [&](std::streamoff count) { file.seekg(count, std::ios::cur); };
  const auto skip_blocks = [&] {
    for (int size = file.get(); size > 0; size = file.get()) skip(size);
  };
  skip(table_bytes(static_cast<unsigned char>(head[10])));
  for (int pictures = 0; file.good();) {
    const int kind = file.get();
    if (kind == 0x21) {
      skip(1);
      skip_blocks();
    } else if (kind == 0x2c) {
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

Gif::Gif(const std::filesystem::path& file) : bytes_(read_file(file, kMostBytes)) {
  if (!bytes_.starts_with("GIF8") || bytes_.size() < 13)
    throw Error(ErrorCode::unsupported, "'" + file.string() + "' is no GIF");
  at_ = 6;
  width_ = word();
  height_ = word();
  const int flags = byte();
  at_ += 2;  // background and aspect: browsers use neither
  if (width_ < 1 || height_ < 1 || std::int64_t(width_) * height_ > kMostPixels)
    throw Error(ErrorCode::unsupported, "'" + file.string() + "' has " + std::to_string(width_) + "x" +
                                            std::to_string(height_) + " pixels; accepted are 1 to 67108864 in all");
  read_palette(flags, palette_);
  canvas_.assign(std::size_t(width_) * std::size_t(height_) * 3, 255);
}

/// 0 behind the end, which is noted.
int Gif::byte() {
  if (at_ < bytes_.size()) return static_cast<unsigned char>(bytes_[at_++]);
  cut_off_ = true;
  return 0;
}

int Gif::word() {
  const int low = byte();
  return low | byte() << 8;
}

/// Section 15: each has its size in front; the last one has none.
std::string Gif::blocks() {
  std::string data;
  for (int size = byte(); size > 0; size = byte()) {
    data.append(bytes_, std::min(at_, bytes_.size()), std::size_t(size));
    at_ += std::size_t(size);
  }
  return data;
}

void Gif::read_palette(int flags, std::vector<std::uint8_t>& palette) {
  const auto size = std::size_t(table_bytes(flags));
  if (size == 0) return;
  palette.assign(768, 0);
  for (std::size_t i = 0; i < size; ++i) palette[i] = std::uint8_t(byte());
}

/// Section 23: the graphic control tells about the picture behind it. Others are left out.
void Gif::read_extension() {
  const int label = byte();
  const std::string data = blocks();
  if (label != 0xf9 || data.size() < 4) return;
  const auto value = [&](std::size_t i) { return int(static_cast<unsigned char>(data[i])); };
  const int hundredths = value(1) | value(2) << 8;
  next_delay_ms_ = hundredths * 10;
  const int disposal = value(0) >> 2 & 7;
  next_disposal_ = disposal == 2 ? Disposal::clear : disposal == 3 ? Disposal::restore : Disposal::keep;
  transparent_ = value(0) & 1 ? value(3) : -1;
}

/// What the last frame wants done before the next one.
void Gif::dispose() {
  if (disposal_ == Disposal::restore && !saved_.empty()) canvas_ = saved_;
  if (disposal_ != Disposal::clear) return;
  for (int y = drawn_.y; y < std::min(height_, drawn_.y + drawn_.height); ++y) {
    const int right = std::min(width_, drawn_.x + drawn_.width);
    if (right <= drawn_.x) continue;
    const auto row = canvas_.begin() + (std::ptrdiff_t(y) * width_ + drawn_.x) * 3;
    std::fill(row, row + std::ptrdiff_t(right - drawn_.x) * 3, std::uint8_t(255));
  }
}

void Gif::draw(const Area& area, const std::vector<std::uint8_t>& codes, const std::vector<std::uint8_t>& palette,
               bool interlaced) {
  static constexpr int kFirst[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};  // appendix E
  std::vector<int> rows;
  if (interlaced) {
    for (int pass = 0; pass < 4; ++pass)
      for (int y = kFirst[pass]; y < area.height; y += kStep[pass]) rows.push_back(y);
  }
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const int row = int(i / std::size_t(area.width));
    const int x = area.x + int(i % std::size_t(area.width)), y = area.y + (interlaced ? rows[std::size_t(row)] : row);
    if (codes[i] == transparent_ || x >= width_ || y >= height_) continue;
    const std::size_t to = (std::size_t(y) * std::size_t(width_) + std::size_t(x)) * 3,
                      from = std::size_t(codes[i]) * 3;
    std::copy_n(palette.begin() + std::ptrdiff_t(from), 3, canvas_.begin() + std::ptrdiff_t(to));
  }
}

void Gif::read_picture() {
  Area area;
  area.x = word();
  area.y = word();
  area.width = word();
  area.height = word();
  const int flags = byte();
  std::vector<std::uint8_t> palette = palette_;
  read_palette(flags, palette);
  const int code_size = byte();
  const std::string data = blocks();
  dispose();
  disposal_ = next_disposal_;
  if (disposal_ == Disposal::restore) saved_ = canvas_;
  drawn_ = area;
  delay_ms_ = next_delay_ms_ > 10 ? next_delay_ms_ : 100;  // as browsers do
  const bool drawable = area.width > 0 && area.height > 0 && std::int64_t(area.width) * area.height <= kMostPixels &&
                        code_size >= 1 && code_size <= 8 && palette.size() == 768;
  if (drawable)
    draw(area, unpack(data, code_size, std::size_t(area.width) * std::size_t(area.height)), palette, flags & 0x40);
  next_disposal_ = Disposal::keep;
  next_delay_ms_ = 0;
  transparent_ = -1;
}

bool Gif::next() {
  while (!cut_off_) {
    const int kind = byte();
    if (cut_off_ || kind == 0x3b) return false;
    if (kind == 0x21) {
      read_extension();
    } else if (kind == 0x2c) {
      read_picture();
      return !cut_off_;
    } else if (kind != 0) {  // not what the format knows: damaged
      cut_off_ = true;
    }
  }
  return false;
}

}  // namespace vireo::deployment
