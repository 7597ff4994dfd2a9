#include "app/deployment/stage_check.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "engine/api/error.h"
#include "plugins/decode/decoders.h"
#include "plugins/decode/labels.h"
#include "plugins/preprocess/input_guess.h"

namespace vireo::deployment {
namespace {

[[noreturn]] void refuse(const char* name, const config::Option& option, ErrorCode code, const std::string& why) {
  const std::string& written = option.place.written;
  throw Error(code, (option.place.text.empty() ? "" : option.place.text + ": ") +
                        (written.empty() ? "vireoinfer property '" + std::string(name) + "'" : written) + ": " + why);
}

void check_decoder(const char* name, const config::Option& option) {
  std::string names = "auto, none";
  if (option.value.empty() || option.value == "auto" || option.value == "none") return;
  for (const sdk::DecoderRow& row : decode::decoders()) {
    if (row.name == option.value) return;
    names += ", " + std::string(row.name);
  }
  refuse(name, option, ErrorCode::not_found, "found '" + option.value + "', accepted are " + names);
}

/// "cpu", "opencl:0", "opencl:all", and alternatives with '|'. Whether it is there is seen when a network is loaded.
void check_device(const char* name, const config::Option& option) {
  const auto is_one = [](std::string_view one) {
    if (one == "cpu" || one == "opencl:all") return true;
    if (!one.starts_with("opencl:") || one.size() == 7) return false;
    return std::all_of(one.begin() + 7, one.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  std::string_view rest = option.value;
  for (bool more = !rest.empty(); more;) {
    const std::size_t bar = rest.find('|');
    if (!is_one(rest.substr(0, bar)))
      refuse(name, option, ErrorCode::invalid_argument,
             "found '" + option.value + "', accepted are cpu, opencl:N, opencl:all; `vireo devices` lists them");
    more = bar != std::string_view::npos;
    if (more) rest.remove_prefix(bar + 1);
  }
}

void check_options(const char* name, const config::Option& option) {
  std::vector<std::span<const sdk::ParamRow>> tables = {decode::common_params(), preprocess::input_params()};
  for (const sdk::DecoderRow& row : decode::decoders()) tables.push_back(row.params);
  try {
    sdk::Params::parse(option.value).check(tables);
  } catch (const Error& error) {
    refuse(name, option, error.code(), error.what());
  }
}

void check_labels(const char* name, const config::Option& option) {
  try {
    if (!option.value.empty()) (void)decode::choose_labels({}, {{"labels", option.value}}, -1);
  } catch (const Error& error) {
    refuse(name, option, error.code(), error.what());
  }
}

/// Against an input that leaves everything open.
void check_input(const char* name, const config::Option& option) {
  if (option.value.empty()) return;
  try {
    const std::string param = std::string_view(name) == "input-size" ? "size" : name;
    (void)preprocess::guess_input({{"picture", DataType::float32, {1, 3, kUnknown, kUnknown}, {}}}, {},
                                  {{param, option.value}});
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_argument) refuse(name, option, error.code(), error.what());
  }
}

}  // namespace

void check_stage(const config::StageConfig& stage) {
  struct Row {
    const char* name;
    void (*check)(const char* name, const config::Option& option);
  };
  static constexpr Row kRows[] = {{"decoder", check_decoder}, {"device", check_device}, {"options", check_options},
                                  {"labels", check_labels},   {"color", check_input},   {"input-size", check_input},
                                  {"layout", check_input},    {"mean", check_input},    {"resize", check_input},
                                  {"scale", check_input}};
  for (const Row& row : kRows)
    if (const auto found = stage.properties.find(row.name); found != stage.properties.end())
      row.check(row.name, found->second);
}

}  // namespace vireo::deployment
