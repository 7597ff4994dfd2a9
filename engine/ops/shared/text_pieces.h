#pragma once
// Cutting texts into pieces as StringSplit of ONNX does, and upper and lower case of UTF-8. Free functions; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::ops {

/// The pieces between occurrences of `delimiter`; an empty one stands for any run of blanks, and blanks at both ends
/// are no pieces then. After `most` cuts (negative: any number) the rest is one piece.
[[nodiscard]] std::vector<std::string_view> text_pieces(std::string_view text, std::string_view delimiter,
                                                        std::int64_t most);

enum class Case : std::uint8_t { upper, lower };
/// Letter by letter, whatever the language: bytes that are no UTF-8 stay as they are.
[[nodiscard]] std::string with_case(std::string_view text, Case to);

/// The code point at `at`, which is moved behind it. U+FFFD, and one byte further, where the bytes are no UTF-8.
[[nodiscard]] char32_t next_code_point(std::string_view text, std::size_t& at);
void append_utf8(std::string& text, char32_t code_point);
[[nodiscard]] char32_t with_case(char32_t code_point, Case to);

}  // namespace vireo::ops
