#include "app/deployment/sink_options.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "app/deployment/gst_objects.h"

namespace vireo::deployment {
namespace {

constexpr char kTimes[] = "500ms, 60s, 5min, 2h, 7d";
constexpr char kSizes[] = "500kB, 64MB, 20GB, 1TB";

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

[[noreturn]] void refuse_value(const std::string& name, const config::Option& option, const std::string& accepted) {
  throw Error(ErrorCode::invalid_argument, (option.place.text.empty() ? "" : option.place.text + ": ") + name +
                                               ": found '" + option.value + "', accepted is " + accepted);
}

std::optional<Amount> parse_amount(const std::string& text) {
  struct Row {
    std::string_view unit;
    Amount amount;
  };
  using Unit = Amount::Unit;
  static constexpr Row kRows[] = {
      {"", {Unit::none, 1}},          {"ms", {Unit::seconds, 1e-3}},   {"s", {Unit::seconds, 1}},
      {"min", {Unit::seconds, 60}},   {"m", {Unit::seconds, 60}},      {"h", {Unit::seconds, 3600}},
      {"d", {Unit::seconds, 86400}},  {"b", {Unit::bytes, 1}},         {"kb", {Unit::bytes, 1e3}},
      {"mb", {Unit::bytes, 1e6}},     {"gb", {Unit::bytes, 1e9}},      {"tb", {Unit::bytes, 1e12}},
      {"kib", {Unit::bytes, 1024.0}}, {"mib", {Unit::bytes, 1048576}}, {"gib", {Unit::bytes, 1073741824}}};
  gchar* end = nullptr;
  const double number = g_ascii_strtod(text.c_str(), &end);
  if (end == text.c_str() || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string unit = trimmed(end);
  std::transform(unit.begin(), unit.end(), unit.begin(), [](char c) { return g_ascii_tolower(c); });
  for (const Row& row : kRows)
    if (row.unit == unit) return Amount{row.amount.unit, number * row.amount.value};
  return std::nullopt;
}

std::vector<std::string> items_of(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) items.push_back(trimmed(item));
  return items;
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

// ---- when ----------------------------------------------------------------------------------------------------------

When::When(const config::Option& option) {
  static constexpr char kAccepted[] = "a list of LABEL or LABEL>SCORE, such as 'person>0.5, car' ('*': any class)";
  for (const std::string& item : items_of(option.value)) {
    const std::size_t sign = item.rfind('>');
    Wanted wanted{trimmed(item.substr(0, sign)), 0, true};
    if (sign != std::string::npos) {
      wanted.equal = item.compare(sign + 1, 1, "=") == 0;
      const std::string score = trimmed(item.substr(sign + (wanted.equal ? 2 : 1)));
      gchar* end = nullptr;
      wanted.score = float(g_ascii_strtod(score.c_str(), &end));
      if (score.empty() || *end != '\0' || !(wanted.score >= 0 && wanted.score <= 1))
        refuse_value("when", option, std::string(kAccepted) + "; a score is 0..1");
    }
    if (wanted.label.empty()) refuse_value("when", option, kAccepted);
    wanted_.push_back(std::move(wanted));
  }
  if (wanted_.empty()) refuse_value("when", option, kAccepted);
}

bool When::matches(const sdk::Detection& detection) const {
  return std::any_of(wanted_.begin(), wanted_.end(), [&](const Wanted& wanted) {
    if (wanted.label != "*" && wanted.label != detection.label) return false;
    return wanted.equal ? detection.score >= wanted.score : detection.score > wanted.score;
  });
}

sdk::FrameResult When::causes(const sdk::FrameResult& result) const {
  sdk::FrameResult some = result;
  some.clear_results();
  for (const sdk::Detection& detection : result.detections) {
    if (!matches(detection)) continue;
    some.detections.push_back(detection);
    some.detections.back().mask = {};
  }
  return some;
}

// ---- options -------------------------------------------------------------------------------------------------------

SinkOptions::SinkOptions(const config::SinkConfig& sink, std::vector<std::string_view> own)
    : sink_(sink), own_(std::move(own)) {}

bool SinkOptions::has(const std::string& name) const { return sink_.properties.contains(name); }

GstClockTime SinkOptions::time(const std::string& name, double otherwise_s, double least_s, double most_s) const {
  if (!has(name)) return GstClockTime(otherwise_s * GST_SECOND);
  const config::Option& option = sink_.properties.at(name);
  const std::optional<Amount> amount = parse_amount(option.value);  // plain numbers are seconds
  if (!amount || amount->unit == Amount::Unit::bytes || amount->value < least_s || amount->value > most_s)
    refuse_value(name, option,
                 "a time from " + number_text(least_s) + "s to " + number_text(most_s) + "s, such as " + kTimes);
  return GstClockTime(amount->value * GST_SECOND);
}

std::uint64_t SinkOptions::bytes(const std::string& name, std::uint64_t otherwise, std::uint64_t least) const {
  if (!has(name)) return otherwise;
  const config::Option& option = sink_.properties.at(name);
  const std::optional<Amount> amount = parse_amount(option.value);
  if (!amount || amount->unit == Amount::Unit::seconds || amount->value < double(least) || amount->value > 1e15)
    refuse_value(name, option, "a size from " + number_text(double(least)) + " bytes on, such as " + kSizes);
  return std::uint64_t(amount->value);
}

Amount SinkOptions::time_or_bytes(const std::string& name, Amount otherwise) const {
  if (!has(name)) return otherwise;
  const config::Option& option = sink_.properties.at(name);
  const std::optional<Amount> amount = parse_amount(option.value);
  if (!amount || amount->unit == Amount::Unit::none ||
      amount->value < (amount->unit == Amount::Unit::bytes ? 1e4 : 1) || amount->value > 1e15)
    refuse_value(
        name, option,
        std::string("a time of 1s or more, such as ") + kTimes + ", or a size of 10kB or more, such as " + kSizes);
  return *amount;
}

Keep SinkOptions::keep() const {
  Keep keep;
  if (!has("keep")) return keep;
  const config::Option& option = sink_.properties.at("keep");
  const std::string accepted = std::string("a list of a number of files (100), a size (") + kSizes + "), an age (" +
                               kTimes + "), each once and more than none";
  for (const std::string& item : items_of(option.value)) {
    const std::optional<Amount> amount = parse_amount(item);
    if (!amount || amount->value <= 0 || amount->value > 1e15) refuse_value("keep", option, accepted);
    bool twice = false;
    switch (amount->unit) {
      case Amount::Unit::none:
        twice = keep.files > 0 || amount->value < 1;
        keep.files = std::uint64_t(amount->value);
        break;
      case Amount::Unit::seconds:
        twice = keep.seconds > 0;
        keep.seconds = amount->value;
        break;
      case Amount::Unit::bytes:
        twice = keep.bytes > 0 || amount->value < 1;
        keep.bytes = std::uint64_t(amount->value);
        break;
    }
    if (twice) refuse_value("keep", option, accepted);
  }
  if (keep.files == 0 && keep.bytes == 0 && keep.seconds <= 0) refuse_value("keep", option, accepted);
  return keep;
}

When SinkOptions::when() const { return has("when") ? When(sink_.properties.at("when")) : When(); }

void SinkOptions::set_others(GstElement* element) const {
  for (const auto& [name, option] : sink_.properties) {
    if (std::find(own_.begin(), own_.end(), name) != own_.end()) continue;
    try {
      set_property(element, name, option);
    } catch (const Error& error) {
      std::string names;
      for (const std::string_view own : own_) names += (names.empty() ? "" : ", ") + std::string(own);
      throw Error(error.code(), std::string(error.what()) + "; the sink's own are " + names);
    }
  }
}

}  // namespace vireo::deployment
