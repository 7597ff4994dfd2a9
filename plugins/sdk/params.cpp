#include "plugins/sdk/params.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "engine/api/error.h"

namespace vireo::sdk {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

template <typename Visit>
void split(std::string_view text, std::string_view separators, Visit visit) {
  while (true) {
    const auto end = text.find_first_of(separators);
    visit(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

/// A quoted item at the front of a list, up to and with its comma. False, and nothing taken, where there is none: a
/// quotation mark that is not closed before a comma or the end is part of a plain item.
bool take_quoted(std::string_view& text, std::string& item) {
  if (text.empty() || (text[0] != '\'' && text[0] != '"')) return false;
  std::size_t at = 1;
  for (; at < text.size() && text[at] != text[0]; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    item += text[at];
  }
  const std::string_view rest = at < text.size() ? trimmed(text.substr(at + 1)) : std::string_view("?");
  if (!rest.empty() && rest[0] != ',') {
    item.clear();
    return false;
  }
  text = rest.empty() ? rest : rest.substr(1);
  return true;
}

[[noreturn]] void refuse(std::string_view name, std::string_view value, const std::string& accepted) {
  throw Error(ErrorCode::invalid_argument,
              "option '" + std::string(name) + "': found '" + std::string(value) + "', accepted is " + accepted);
}

bool parse_number(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

std::string plain(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

}  // namespace

Params Params::parse(std::string_view text) {
  Params params;
  split(text, ";\n", [&](std::string_view pair) {
    if (pair.empty()) return;
    const auto equals = pair.find('=');
    const auto name = trimmed(pair.substr(0, equals));
    if (equals == std::string_view::npos || name.empty()) {
      throw Error(ErrorCode::invalid_argument,
                  "options: found '" + std::string(pair) + "', accepted is name=value, pairs split by ';'");
    }
    params.set(std::string(name), std::string(trimmed(pair.substr(equals + 1))));
  });
  return params;
}

void Params::merge(const Params& other) {
  for (const auto& [name, value] : other.values_) values_[name] = value;
}

bool Params::has(std::string_view name) const { return values_.find(name) != values_.end(); }

std::string Params::text(std::string_view name, std::string_view fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(fallback) : found->second;
}

double Params::number(std::string_view name, double fallback, double min, double max) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return fallback;
  double value = 0;
  if (!parse_number(trimmed(found->second), value) || value < min || value > max) {
    refuse(name, found->second, "a number in " + plain(min) + ".." + plain(max));
  }
  return value;
}

std::int64_t Params::integer(std::string_view name, std::int64_t fallback, std::int64_t min, std::int64_t max) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return fallback;
  const auto text = trimmed(found->second);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    refuse(name, found->second, "a whole number in " + std::to_string(min) + ".." + std::to_string(max));
  }
  return value;
}

bool Params::flag(std::string_view name, bool fallback) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return fallback;
  const auto value = trimmed(found->second);
  if (value == "true" || value == "1" || value == "yes" || value == "on") return true;
  if (value == "false" || value == "0" || value == "no" || value == "off") return false;
  refuse(name, found->second, "true or false");
}

std::vector<std::string> Params::list(std::string_view name) const {
  std::vector<std::string> items;
  const auto found = values_.find(name);
  if (found == values_.end()) return items;
  std::string_view left = found->second;
  while (!left.empty()) {
    left.remove_prefix(std::min(left.find_first_not_of(" \t\r\n"), left.size()));
    std::string item;
    if (take_quoted(left, item)) {
      items.push_back(std::move(item));
      continue;
    }
    const auto end = left.find(',');
    if (const auto plain = trimmed(left.substr(0, end)); !plain.empty()) items.emplace_back(plain);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
  }
  return items;
}

std::vector<double> Params::numbers(std::string_view name) const {
  std::vector<double> values;
  for (const auto& item : list(name)) {
    double value = 0;
    if (!parse_number(item, value)) refuse(name, item, "numbers split by commas");
    values.push_back(value);
  }
  return values;
}

void Params::check(std::span<const std::span<const ParamRow>> tables) const {
  for (const auto& [name, value] : values_) {
    std::string accepted;
    bool known = false;
    for (const auto& table : tables) {
      for (const auto& row : table) {
        known = known || row.name == name;
        accepted += (accepted.empty() ? "" : ", ") + std::string(row.name);
      }
    }
    if (!known) {
      throw Error(ErrorCode::invalid_argument, "option '" + name + "' is not known here; accepted are " + accepted);
    }
  }
}

}  // namespace vireo::sdk
