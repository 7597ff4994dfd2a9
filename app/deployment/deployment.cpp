#include "app/deployment/deployment.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "app/deployment/address.h"
#include "app/deployment/elements.h"
#include "app/deployment/files.h"
#include "app/deployment/picture.h"
#include "app/deployment/sinks.h"
#include "app/deployment/sources.h"
#include "app/deployment/stage_check.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRemovedKept = 32;

[[noreturn]] void refuse(const config::Place& place, const std::string& what) {
  throw Error(ErrorCode::invalid_argument, (place.text.empty() ? "" : place.text + ": ") + what);
}

void check_name(const config::StreamConfig& stream) {
  const std::string& name = stream.name;
  if (name.empty() || name == "." || name == "..") refuse(stream.place, "a stream's name '" + name + "' is no name");
  for (const char c : name)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20)
      refuse(stream.place, "the name '" + name + "' holds '/' or a control character; it is part of files' names");
}

void check_source(const config::StreamConfig& stream) {
  const config::SourceConfig& source = stream.source;
  if (source.uri.empty())
    refuse(stream.place, "stream '" + stream.name +
                             "' has no source; accepted are files, directories, URIs, /dev/videoN, vireoscene");
  if (source.width < 0 || source.height < 0 || source.width > 32768 || source.height > 32768)
    refuse(source.place, "width and height of a source are 0..32768, found " + std::to_string(source.width) + "x" +
                             std::to_string(source.height));
  // Elements are made and nothing is opened: what is no live source is there now or never, and of a live one the words
  // are right or wrong.
  OwnedPipeline pipeline = new_pipeline("check");
  try {
    add_source(GST_BIN(pipeline.get()), source, "source");
  } catch (const Error& error) {
    throw placed(error, source.place, source.properties);
  }
}

/// Adds the later one's figures to the earlier one's.
void add_to(StreamSnapshot& sum, const StreamSnapshot& more) {
  sum.restarts += more.restarts;
  sum.frames_in += more.frames_in;
  sum.frames += more.frames;
  sum.inferred += more.inferred;
  sum.dropped += more.dropped;
  sum.dropped_in += more.dropped_in;
  sum.late += more.late;
  sum.detections += more.detections;
  sum.last_out_ns = std::max(sum.last_out_ns, more.last_out_ns);
  sum.latency.merge(more.latency);
}

}  // namespace

config::DeploymentConfig resolved(config::DeploymentConfig config) {
  for (config::StreamConfig& stream : config.streams) {
    config::SourceConfig& source = stream.source;
    if (source.uri.starts_with("file://")) {
      const std::string path = take(g_filename_from_uri(source.uri.c_str(), nullptr, nullptr));
      if (!path.empty()) source.uri = path;
    }
    if (is_path(source.uri) && !source.folder.empty())
      source.uri = (fs::path(source.folder) / source.uri).lexically_normal().string();
    source.folder.clear();
    for (config::SinkConfig& sink : stream.sinks) sink = resolved(sink, stream.name);
  }
  return config;
}

Deployment::Deployment(FrameObserver observer) : observer_(std::move(observer)) { load_elements(); }

Deployment::~Deployment() {
  stop();
  wait();
}

void Deployment::check(const config::DeploymentConfig& given) {
  load_elements();
  const config::DeploymentConfig config = resolved(given);
  std::map<std::string, const config::StreamConfig*> names;
  for (const config::StreamConfig& stream : config.streams) {
    check_name(stream);
    if (const auto [known, fresh] = names.emplace(stream.name, &stream); !fresh)
      refuse(stream.place,
             "two streams are named '" + stream.name + "'" +
                 (known->second->place.text.empty() ? "" : ", the other one at " + known->second->place.text) +
                 "; give each its own name");
    std::set<std::string> sinks;
    for (const config::SinkConfig& sink : stream.sinks)
      if (!sinks.insert(sink.to).second)
        refuse(sink.place, "stream '" + stream.name + "' has the sink '" + safe_address(sink.to) + "' twice");
  }
  check_mounts(config);
  files::Outputs files;
  add_files(files, config);
  files.check();
  for (const config::StreamConfig& stream : config.streams) {
    check_source(stream);
    for (const config::StageConfig& stage : stream.stages) check_stage(stage);
  }
}

Deployment::Streams Deployment::streams() const {
  std::lock_guard lock(mutex_);
  return streams_;
}

void Deployment::apply(const config::DeploymentConfig& given) {
  check(given);
  const config::DeploymentConfig config = resolved(given);
  const Streams before = streams();
  Streams after, fresh;
  for (const config::StreamConfig& wanted : config.streams) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& stream) {
      return stream->config() == wanted && (!stream->done() || stream->snapshot().state == StreamState::ended);
    });
    if (same != before.end()) {
      after.push_back(*same);
      continue;
    }
    const auto named = std::find_if(before.begin(), before.end(),
                                    [&](const auto& stream) { return stream->config().name == wanted.name; });
    if (named != before.end() && !(*named)->done() && (*named)->change(wanted)) {
      after.push_back(*named);
      continue;
    }
    after.push_back(std::make_shared<Stream>(wanted, ledger_, observer_));
    fresh.push_back(after.back());
  }
  Streams gone;
  for (const auto& stream : before)
    if (std::find(after.begin(), after.end(), stream) == after.end()) gone.push_back(stream);
  end(gone);
  {
    std::lock_guard lock(mutex_);
    streams_ = after;
  }
  for (const auto& stream : fresh) stream->start();
  if (stopped_) stop();
}

/// All at once, then waits for each: files take their time.
void Deployment::end(const Streams& gone) {
  for (const auto& stream : gone) stream->end();
  for (const auto& stream : gone) {
    stream->join();
    StreamSnapshot last = stream->snapshot();
    std::lock_guard lock(mutex_);
    if (removed_.size() < kRemovedKept) {
      removed_.push_back(std::move(last));
    } else {
      add_to(removed_.front(), last);
    }
  }
}

bool Deployment::change(const config::StreamConfig& given) {
  config::DeploymentConfig one;
  one.streams = {given};
  const config::StreamConfig wanted = resolved(std::move(one)).streams.front();
  for (const auto& stream : streams())
    if (stream->config().name == wanted.name) return !stream->done() && stream->change(wanted);
  return false;
}

std::string Deployment::picture(const std::string& name, Picture kind, Clock::duration timeout) const {
  for (const auto& stream : streams()) {
    const config::StreamConfig config = stream->config();
    if (config.name != name) continue;
    bool drawn = false;
    const OwnedSample frame = stream->next_frame(timeout, drawn);
    if (!frame) return {};
    return encoded(frame.get(), kind == Picture::png ? "pngenc" : "jpegenc",
                   config.draw && !drawn ? &config.draw_properties : nullptr);
  }
  return {};
}

void Deployment::stop() noexcept {
  stopped_ = true;
  for (const auto& stream : streams()) stream->end();
}

bool Deployment::done() const {
  const Streams all = streams();
  return std::all_of(all.begin(), all.end(), [](const auto& stream) { return stream->done(); });
}

void Deployment::wait() const {
  while (!done()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

Snapshot Deployment::snapshot() const {
  Snapshot snapshot;
  for (const auto& stream : streams()) snapshot.streams.push_back(stream->snapshot());
  std::lock_guard lock(mutex_);
  snapshot.removed = removed_;
  snapshot.interrupted = stopped_;
  return snapshot;
}

RunStats run(const config::DeploymentConfig& config, FrameObserver observer) {
  Deployment deployment(std::move(observer));
  deployment.apply(config);
  deployment.wait();
  return sum_up(deployment.snapshot());
}

}  // namespace vireo::deployment
