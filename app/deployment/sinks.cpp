#include "app/deployment/sinks.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "app/deployment/address.h"

namespace vireo::deployment {

namespace fs = std::filesystem;

extern const SinkRow kDisplaySink, kSegmentsSink, kRecordingSink, kClipsSink, kSnapshotsSink, kLinesSink,
    kPublisherSink, kRtspSink;

namespace {

std::optional<SinkAddress> parse_none(const std::string& to) {
  if (to != "none" && to != "fakesink") return std::nullopt;
  return SinkAddress{to, {}};
}

std::unique_ptr<Output> create_none(const config::SinkConfig& sink, const OutputContext&) {
  if (sink.properties.empty()) return nullptr;
  const auto& [name, option] = *sink.properties.begin();
  throw Error(ErrorCode::invalid_argument, (option.place.text.empty() ? "" : option.place.text + ": ") + "sink '" +
                                               sink.to + "' has no property '" + name + "'; it has none");
}

constexpr SinkRow kNoSink{"none", false, false, false, parse_none, create_none};

}  // namespace

std::span<const SinkRow* const> sink_rows() {
  static constexpr std::array kRows = {&kDisplaySink, &kSegmentsSink,  &kRecordingSink, &kClipsSink, &kSnapshotsSink,
                                       &kLinesSink,   &kPublisherSink, &kRtspSink,      &kNoSink};
  return kRows;
}

const SinkRow& sink_row(const config::SinkConfig& sink) {
  std::string forms;
  for (const SinkRow* row : sink_rows()) {
    if (row->parse(sink.to)) return *row;
    forms += (forms.empty() ? "" : ", ") + std::string(row->forms);
  }
  throw Error(ErrorCode::invalid_argument, (sink.place.text.empty() ? "" : sink.place.text + ": ") + "sink '" +
                                               safe_address(sink.to) + "': accepted are " + forms);
}

SinkAddress sink_address(const config::SinkConfig& sink) { return *sink_row(sink).parse(sink.to); }

std::string sink_file(const config::SinkConfig& sink) {
  const SinkAddress address = sink_address(sink);
  return address.file == "-" ? "" : address.file;
}

config::SinkConfig resolved(config::SinkConfig sink, const std::string& stream) {
  const SinkRow& row = sink_row(sink);
  SinkAddress address = *row.parse(sink.to);
  const bool shared = sink.shared;
  sink.shared = false;
  if (address.file.empty() || address.file == "-") {
    sink.to = address.scheme + address.file + address.mount + (shared && !address.mount.empty() ? "-" + stream : "");
    return sink;
  }
  fs::path path = address.file;
  if (!sink.folder.empty()) path = (fs::path(sink.folder) / path).lexically_normal();
  if (shared && row.a_file_each)  // "out.mp4" → "out-north.mp4"
    path = path.parent_path() / (path.stem().string() + "-" + stream + path.extension().string());
  sink.folder.clear();
  sink.to = address.scheme + path.string();
  return sink;
}

void check_mounts(const config::DeploymentConfig& config) {
  std::map<std::string, const config::StreamConfig*> mounts;
  for (const config::StreamConfig& stream : config.streams) {
    for (const config::SinkConfig& sink : stream.sinks) {
      const std::string place = sink_address(sink).place;
      if (place.empty()) continue;
      const auto [known, fresh] = mounts.emplace(place, &stream);
      if (fresh) continue;
      throw Error(ErrorCode::invalid_argument, (sink.place.text.empty() ? "" : sink.place.text + ": ") + "sink '" +
                                                   known->first + "' of stream '" + stream.name + "' is stream '" +
                                                   known->second->name + "'s already; give it another path or port");
    }
  }
}

bool is_file_named(const std::string& to, std::span<const std::string_view> ends) {
  const auto colon = to.find(':');
  const bool scheme = colon != std::string::npos && colon > 1 && to.find('/') > colon;
  const std::string extension = fs::path(to).extension().string();
  return !scheme && std::find(ends.begin(), ends.end(), extension) != ends.end();
}

}  // namespace vireo::deployment
