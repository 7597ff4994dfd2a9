#pragma once
// What the tests of whole pipelines share: scratch folders, configurations, and reading back what was written.

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "app/deployment/deployment.h"
#include "app/deployment/elements.h"
#include "app/deployment/gst_objects.h"
#include "engine/api/error.h"

namespace vireo::deployment {

namespace fs = std::filesystem;

inline const std::string kDemo = VIREO_SOURCE_DIR "/config/models/demo/street.onnx";
inline const fs::path kAssets = fs::path(VIREO_SOURCE_DIR) / "../shared/assets";

/// A folder that goes away with the test.
struct Scratch {
  fs::path path;
  Scratch() {
    std::string name = (fs::temp_directory_path() / "vireo-pipeline-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  [[nodiscard]] std::string file(const char* name) const { return (path / name).string(); }
};

inline void set(config::Options& options, const char* name, const std::string& value) { options[name] = {value, {}}; }

/// The street's model, built in no time.
inline config::StageConfig street_stage() {
  config::StageConfig stage;
  set(stage.properties, "model", kDemo);
  set(stage.properties, "build-budget", "0");
  set(stage.properties, "plan-cache", "off");
  return stage;
}

inline config::StreamConfig street(const std::string& name, std::uint64_t frames) {
  config::StreamConfig stream;
  stream.name = name;
  stream.source.uri = "vireoscene";
  stream.source.width = 320;
  stream.source.height = 240;
  stream.stages = {street_stage()};
  stream.max_frames = frames;
  return stream;
}

inline config::DeploymentConfig only(config::StreamConfig stream) {
  config::DeploymentConfig config;
  config.streams.push_back(std::move(stream));
  return config;
}

/// So many frames of a synthetic street.
inline config::DeploymentConfig scene(std::uint64_t frames) { return only(street("street", frames)); }

inline config::StreamConfig& first(config::DeploymentConfig& config) { return config.streams.front(); }
inline config::Options& infer(config::DeploymentConfig& config) { return first(config).stages.front().properties; }

inline void add_sink(config::StreamConfig& stream, const std::string& to) { stream.sinks.emplace_back().to = to; }

inline std::size_t lines_of(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::size_t count = 0;
  while (std::getline(stream, line)) ++count;
  return count;
}

struct VideoFacts {
  std::uint64_t frames = 0;
  std::int64_t last_pts = -1;
  bool ordered = true;
  int width = 0, height = 0;
};
/// Decodes the file by GStreamer alone and counts.
inline VideoFacts read_back(const std::string& file) {
  load_elements();
  Owned<GstElement> pipeline(
      gst_parse_launch("filesrc name=file ! decodebin ! fakesink name=sink sync=false", nullptr));
  Owned<GstElement> source(gst_bin_get_by_name(GST_BIN(pipeline.get()), "file")),
      sink(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
  g_object_set(source.get(), "location", file.c_str(), nullptr);
  VideoFacts facts;
  Owned<GstPad> pad(gst_element_get_static_pad(sink.get(), "sink"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad* at, GstPadProbeInfo* info, gpointer data) {
        auto& found = *static_cast<VideoFacts*>(data);
        const auto pts = std::int64_t(GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
        found.ordered = found.ordered && pts > found.last_pts;
        found.last_pts = pts;
        ++found.frames;
        OwnedCaps caps(gst_pad_get_current_caps(at));
        gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "width", &found.width);
        gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "height", &found.height);
        return GST_PAD_PROBE_OK;
      },
      &facts, nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  Owned<GstBus> bus(gst_element_get_bus(pipeline.get()));
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus.get(), 60 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  EXPECT_TRUE(message && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) << file;
  if (message) gst_message_unref(message);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return facts;
}

/// All frames of a file.
inline config::DeploymentConfig playing(const std::string& file) {
  config::DeploymentConfig config = scene(0);
  first(config).source = {};
  first(config).source.uri = file;
  return config;
}

/// What was refused, or went wrong first.
inline std::string error_of(const config::DeploymentConfig& config) {
  try {
    const RunStats stats = run(config);
    return stats.failures.empty() ? "no error" : stats.failures.front();
  } catch (const Error& error) {
    return error.what();
  }
}

/// Waits for something that must happen, however slow the machine is.
template <typename Condition>
[[nodiscard]] bool eventually(const Condition& condition, double seconds = 60) {
  for (const auto until = Clock::now() + std::chrono::duration<double>(seconds); Clock::now() < until;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

inline const StreamSnapshot& find(const Snapshot& snapshot, const std::string& name) {
  for (const StreamSnapshot& stream : snapshot.streams)
    if (stream.name == name) return stream;
  throw std::runtime_error("no stream '" + name + "'");
}

}  // namespace vireo::deployment
