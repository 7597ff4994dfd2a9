#include "app/control/secrets.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "app/deployment/address.h"

namespace vireo::control {
namespace {

const std::string kHidden = "***";

bool is_secret(const std::string& property) {
  static constexpr std::array<std::string_view, 7> kParts = {"pw",     "pass",    "token", "secret",
                                                             "cookie", "user-id", "header"};
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return property.find(part) != std::string::npos; });
}

void hide(config::Options& options) {
  for (auto& [name, option] : options)
    if (is_secret(name)) option.value = kHidden;
}

void restore(config::Options& options, const config::Options& known) {
  for (auto& [name, option] : options) {
    const auto before = known.find(name);
    if (option.value == kHidden && is_secret(name) && before != known.end()) option.value = before->second.value;
  }
}

void restore(std::string& address, const std::string& known) {
  if (address == deployment::safe_address(known)) address = known;
}

}  // namespace

config::StreamConfig without_secrets(config::StreamConfig stream) {
  stream.source.uri = deployment::safe_address(stream.source.uri);
  hide(stream.source.properties);
  for (config::SinkConfig& sink : stream.sinks) {
    sink.to = deployment::safe_address(sink.to);
    hide(sink.properties);
  }
  return stream;
}

void restore_secrets(config::StreamConfig& stream, const config::StreamConfig& known) {
  restore(stream.source.uri, known.source.uri);
  restore(stream.source.properties, known.source.properties);
  for (config::SinkConfig& sink : stream.sinks) {
    for (const config::SinkConfig& before : known.sinks) {
      if (sink.to != deployment::safe_address(before.to)) continue;
      sink.to = before.to;
      restore(sink.properties, before.properties);
      break;
    }
  }
}

}  // namespace vireo::control
