#pragma once
// Building messages: str("got ", 3, " of ", name). Any thread.

#include <cstdarg>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/api/error.h"
#include "engine/api/types.h"

namespace vireo::base {

inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, const char* text) { out += text; }
inline void append(std::string& out, char c) { out += c; }
inline void append(std::string& out, bool b) { out += b ? "true" : "false"; }
inline void append(std::string& out, DataType type) { out += to_string(type); }
inline void append(std::string& out, const Dims& dims) { out += to_string(dims); }
void append(std::string& out, double value);  ///< shortest form that reads back
void append(std::string& out, long long value);
void append(std::string& out, unsigned long long value);
template <typename T>
requires std::is_integral_v<T>
void append(std::string& out, T value) {
  if constexpr (std::is_signed_v<T>) append(out, static_cast<long long>(value));
  else append(out, static_cast<unsigned long long>(value));
}

template <typename... Parts>
[[nodiscard]] std::string str(const Parts&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

template <typename... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  throw Error(code, str(parts...));
}

/// "1.5 MB"
[[nodiscard]] std::string human_bytes(double bytes);

}  // namespace vireo::base
