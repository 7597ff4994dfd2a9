#pragma once
// What the tests of whole pipelines share: scratch folders, configurations, and reading back what was written.

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "app/deployment/gst_objects.h"
#include "app/deployment/pipeline.h"
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

/// So many frames of a synthetic street.
inline PipelineConfig scene(std::uint64_t frames) {
  PipelineConfig config;
  SourceConfig source;
  source.uri = "vireoscene";
  source.width = 320;
  source.height = 240;
  config.sources.push_back(source);
  config.infer = {{"model", kDemo}, {"build-budget", "0"}, {"plan-cache", "off"}};
  config.max_frames = frames;
  config.stall_timeout_s = 60;
  return config;
}

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
inline PipelineConfig playing(const std::string& file) {
  PipelineConfig config = scene(0);
  config.sources[0] = {};
  config.sources[0].uri = file;
  return config;
}

inline std::string error_of(const PipelineConfig& config) {
  try {
    Pipeline(config).run();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace vireo::deployment
