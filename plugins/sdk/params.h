#pragma once
// Options of plugins: a table of rows says what a plugin takes, Params holds what the user gave, as text. Getters
// convert and throw Error(invalid_argument) naming the option, the value found and what is accepted. Plain value.

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::sdk {

/// One option that a plugin takes; `kind` is for people: "number 0..1", "integer", "true|false", "a,b,c", "file", ...
struct ParamRow {
  std::string_view name, kind, default_value, help;
};

class Params {
 public:
  Params() = default;
  Params(std::initializer_list<std::pair<const std::string, std::string>> values) : values_(values) {}
  /// "score=0.4;iou=0.5;classes=person,car": pairs split by ';' (or newlines), blanks around them ignored.
  [[nodiscard]] static Params parse(std::string_view text);

  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }
  /// Takes over what `other` has; its values win.
  void merge(const Params& other);
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& values() const noexcept { return values_; }

  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback = {}) const;
  [[nodiscard]] double number(std::string_view name, double fallback, double min, double max) const;
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                     std::int64_t max) const;
  [[nodiscard]] bool flag(std::string_view name, bool fallback) const;
  /// Comma-separated; an item in quotation marks may hold commas. Empty when not given.
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  [[nodiscard]] std::vector<double> numbers(std::string_view name) const;

  /// Throws when a value is given for an option that no table has; the message lists what is accepted.
  void check(std::span<const std::span<const ParamRow>> tables) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace vireo::sdk
