#include "engine/plan/timing_cache.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/graph/text.h"

namespace vireo {
namespace {

constexpr std::string_view kTitle = "vireo timings ", kVersion = "2";

/// The lines of one device, up to the next device.
std::string_view take_device(std::string_view& rest) {
  const std::size_t next = rest.find("\ndevice ");
  const std::string_view lines = rest.substr(0, next == std::string_view::npos ? rest.size() : next + 1);
  rest.remove_prefix(lines.size());
  return lines;
}

void parse(std::string_view text, TimingCache::State& state) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view title = text.substr(0, end);
  if (!title.starts_with(kTitle)) base::fail(ErrorCode::invalid_model, "it is no timing cache");
  if (title.substr(kTitle.size()) != kVersion)
    base::fail(ErrorCode::unsupported, "it has version '", title.substr(kTitle.size()), "', this Vireo reads ",
               kVersion, "; remove it, it is made again");
  std::string_view rest = text.substr(std::min(end + 1, text.size()));
  int line = 2;
  while (!rest.empty()) {
    std::string_view lines = take_device(rest);
    const std::size_t head = std::min(lines.find('\n'), lines.size());
    std::string_view first = lines.substr(0, head);
    std::optional<std::string> fingerprint;
    if (first.starts_with("device ")) {
      first.remove_prefix(7);
      fingerprint = graph::take_quoted(first);
    }
    if (!fingerprint || !first.empty())
      base::fail(ErrorCode::invalid_model, "line ", line, ": expected 'device \"fingerprint\"', found '",
                 lines.substr(0, std::min<std::size_t>(head, 80)), "'");
    const std::string_view body = lines.substr(std::min(head + 1, lines.size()));
    plan::Choices& choices = state.devices[*fingerprint];
    for (auto& [key, choice] : plan::parse_choices(body, line)) choices[key] = std::move(choice);
    line += static_cast<int>(std::ranges::count(lines, '\n'));
  }
}

}  // namespace

TimingCache::TimingCache() : state_(std::make_unique<State>()) {}
TimingCache::TimingCache(const TimingCache& other) : state_(std::make_unique<State>(*other.state_)) {}
TimingCache& TimingCache::operator=(const TimingCache& other) {
  if (this != &other) state_ = std::make_unique<State>(*other.state_);
  return *this;
}
TimingCache::TimingCache(TimingCache&&) noexcept = default;
TimingCache& TimingCache::operator=(TimingCache&&) noexcept = default;
TimingCache::~TimingCache() = default;

TimingCache TimingCache::load(const std::filesystem::path& path) {
  TimingCache cache;
  if (!std::filesystem::exists(path)) return cache;
  try {
    parse(read_file(path), *cache.state_);
  } catch (const Error& error) {
    base::fail(error.code(), "timing cache '", path.string(), "': ", error.what());
  }
  return cache;
}

void TimingCache::merge(const TimingCache& other) {
  for (const auto& [fingerprint, choices] : other.state_->devices)
    state_->devices[fingerprint].insert(choices.begin(), choices.end());
}

void TimingCache::save(const std::filesystem::path& path) const {
  TimingCache all = *this;
  all.merge(load(path));
  std::string text = base::str(kTitle, kVersion, "\n");
  for (const auto& [fingerprint, choices] : all.state_->devices) {
    text += "device ";
    graph::append_quoted(text, fingerprint);
    text += "\n" + plan::choices_text(choices);
  }
  const std::array<std::string_view, 1> parts{text};
  base::write_file_atomically(path, parts);
}

std::vector<std::string> TimingCache::devices() const {
  std::vector<std::string> names;
  for (const auto& [fingerprint, choices] : state_->devices) names.push_back(fingerprint);
  return names;
}

std::size_t TimingCache::size() const noexcept {
  std::size_t count = 0;
  for (const auto& [fingerprint, choices] : state_->devices) count += choices.size();
  return count;
}

}  // namespace vireo
