#include "engine/ops/shared/text_pieces.h"

#include <clocale>
#include <cwctype>

#include <locale.h>

namespace vireo::ops {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::vector<std::string_view> words(std::string_view text, std::int64_t most) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::vector<std::string_view> pieces;
  std::size_t at = 0;
  for (;;) {
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at == text.size()) return pieces;
    if (most >= 0 && static_cast<std::int64_t>(pieces.size()) == most) {
      pieces.push_back(text.substr(at));
      return pieces;
    }
    const std::size_t begin = at;
    while (at < text.size() && !is_blank(text[at])) ++at;
    pieces.push_back(text.substr(begin, at - begin));
  }
}

/// The letters of all languages; null where the system has no such locale, and then only ASCII has cases.
locale_t letters() {
  static const locale_t kLetters = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kLetters;
}

}  // namespace

std::vector<std::string_view> text_pieces(std::string_view text, std::string_view delimiter, std::int64_t most) {
  if (delimiter.empty()) return words(text, most);
  std::vector<std::string_view> pieces;
  std::size_t at = 0;
  while (most < 0 || static_cast<std::int64_t>(pieces.size()) < most) {
    const std::size_t end = text.find(delimiter, at);
    if (end == std::string_view::npos) break;
    pieces.push_back(text.substr(at, end - at));
    at = end + delimiter.size();
  }
  pieces.push_back(text.substr(at));
  return pieces;
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
  constexpr char32_t kWrong = 0xfffd;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at++);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4 || at + static_cast<std::size_t>(more) > text.size()) return kWrong;
  char32_t value = first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    const unsigned next = byte(at + static_cast<std::size_t>(i));
    if ((next & 0xc0u) != 0x80) return kWrong;
    value = value << 6 | (next & 0x3fu);
  }
  const bool shorter = (more == 2 && value < 0x800) || (more == 3 && value < 0x10000);
  if (shorter || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return kWrong;
  at += static_cast<std::size_t>(more);
  return value;
}

void append_utf8(std::string& text, char32_t c) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) put(0xc0 | c >> 6);
  else if (c < 0x10000) put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f));
  else put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f));
  put(0x80 | (c & 0x3f));
}

char32_t with_case(char32_t c, Case to) {
  if (c < 0x80) {
    if (to == Case::upper) return c >= 'a' && c <= 'z' ? c - 32 : c;
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
  }
  if (letters() == nullptr) return c;
  const auto wide = static_cast<std::wint_t>(c);
  return static_cast<char32_t>(to == Case::upper ? towupper_l(wide, letters()) : towlower_l(wide, letters()));
}

std::string with_case(std::string_view text, Case to) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    const char32_t other = with_case(c, to);
    if (other == c) result += text.substr(begin, at - begin);
    else append_utf8(result, other);
  }
  return result;
}

}  // namespace vireo::ops
