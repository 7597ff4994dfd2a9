#pragma once
// What the element tests share: loading the plugin under test, a GstHarness with an owner, frames to push.

#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "plugins/gst/frame_meta.h"
#include "plugins/scene/scene.h"

namespace vireo::gst_test {

inline std::string demo_model() { return VIREO_SOURCE_DIR "/config/models/demo/street.onnx"; }

/// vireoinfer on the demo model, quickly built. A harness calls itself live, so every frame is asked for explicitly.
inline std::string infer(const std::string& more = {}) {
  return "vireoinfer name=infer build-budget=0 plan-cache=off drop-policy=never model=" + demo_model() + " " + more;
}

inline void load_plugin() {
  static const bool loaded = [] {
    gst_init(nullptr, nullptr);
    GError* error = nullptr;
    GstPlugin* plugin = gst_plugin_load_file(VIREO_BINARY_DIR "/lib/gstreamer-1.0/libgstvireo.so", &error);
    if (!plugin) throw std::runtime_error(error ? error->message : "plugin not loaded");
    gst_registry_add_plugin(gst_registry_get(), plugin);
    gst_object_unref(plugin);
    return true;
  }();
  (void)loaded;
}

struct BufferUnref {
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
};
using OwnedBuffer = std::unique_ptr<GstBuffer, BufferUnref>;

inline std::string caps_text(const char* format, int width, int height) {
  return "video/x-raw,format=" + std::string(format) + ",width=" + std::to_string(width) +
         ",height=" + std::to_string(height) + ",framerate=30/1";
}

/// A picture of the synthetic street as a buffer; `padding` adds bytes to each row and a GstVideoMeta that says so.
inline GstBuffer* street(std::int64_t index, int width = 640, int height = 480, int padding = 0) {
  static std::unique_ptr<scene::Scene> made;
  if (!made || made->options().width != width || made->options().height != height) {
    scene::SceneOptions options;
    options.width = width;
    options.height = height;
    made = std::make_unique<scene::Scene>(options);
  }
  const int stride = width * 3 + padding;
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, gsize(stride) * height, nullptr);
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  std::memset(map.data, 0xaa, map.size);
  made->render(index, map.data, stride);
  gst_buffer_unmap(buffer, &map);
  if (padding > 0) {
    gsize offsets[4] = {};
    gint strides[4] = {stride};
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGR, guint(width), guint(height),
                                   1, offsets, strides);
  }
  GST_BUFFER_PTS(buffer) = guint64(index) * GST_SECOND / 30;
  GST_BUFFER_DURATION(buffer) = GST_SECOND / 30;
  return buffer;
}

/// A harness that goes away with its scope.
class Harness {
 public:
  explicit Harness(const std::string& launch) {
    load_plugin();
    harness_ = gst_harness_new_parse(launch.c_str());
  }
  ~Harness() { gst_harness_teardown(harness_); }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  [[nodiscard]] GstHarness* get() const { return harness_; }
  void caps(const std::string& text) { gst_harness_set_src_caps_str(harness_, text.c_str()); }
  GstFlowReturn push(GstBuffer* buffer) { return gst_harness_push(harness_, buffer); }
  /// The next frame out; waits at most a minute.
  OwnedBuffer pull() { return OwnedBuffer(gst_harness_pull(harness_)); }
  bool event(GstEvent* event) { return gst_harness_push_event(harness_, event); }
  /// The element of that name.
  [[nodiscard]] GstElement* element(const char* name) const {
    if (!GST_IS_BIN(harness_->element)) return GST_ELEMENT(gst_object_ref(harness_->element));
    return gst_bin_get_by_name(GST_BIN(harness_->element), name);
  }
  [[nodiscard]] std::uint64_t stat(const char* name) const {
    GstElement* infer = element("infer");
    GstStructure* stats = nullptr;
    g_object_get(infer, "stats", &stats, nullptr);
    guint64 value = 0;
    gst_structure_get_uint64(stats, name, &value);
    gst_structure_free(stats);
    gst_object_unref(infer);
    return value;
  }

 private:
  GstHarness* harness_;
};

/// The messages of a harness's element, or of a pipeline.
class Messages {
 public:
  explicit Messages(GstElement* element) : bus_(gst_bus_new()) { gst_element_set_bus(element, bus_); }
  explicit Messages(const Harness& harness) : Messages(harness.get()->element) { element_ = harness.get()->element; }
  ~Messages() {
    if (element_) gst_element_set_bus(element_, nullptr);
    gst_object_unref(bus_);
  }
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;

  /// The next one of the type, in at most this time; null where none comes. The others before it are gone.
  GstMessage* next(GstMessageType type, GstClockTime timeout = 30 * GST_SECOND) {
    return gst_bus_timed_pop_filtered(bus_, timeout, type);
  }
  /// Text of the next warning or error; empty where none is there.
  std::string text(GstMessageType type, GstClockTime timeout = 30 * GST_SECOND) {
    GstMessage* message = next(type, timeout);
    if (!message) return "";
    GError* error = nullptr;
    if (type == GST_MESSAGE_WARNING) gst_message_parse_warning(message, &error, nullptr);
    else gst_message_parse_error(message, &error, nullptr);
    const std::string text = error->message;
    g_clear_error(&error);
    gst_message_unref(message);
    return text;
  }

 private:
  GstElement* element_ = nullptr;
  GstBus* bus_;
};

inline const sdk::FrameResult& result_of(const OwnedBuffer& buffer) {
  const gst::FrameNote* note = gst::find_note(buffer.get(), gst::NoteKind::result);
  if (!note) throw std::runtime_error("the frame carries no result");
  return note->result;
}

/// Same detections to the last bit.
inline void expect_same(const sdk::FrameResult& a, const sdk::FrameResult& b) {
  ASSERT_EQ(a.detections.size(), b.detections.size());
  for (std::size_t i = 0; i < a.detections.size(); ++i) {
    EXPECT_EQ(a.detections[i].label, b.detections[i].label);
    EXPECT_EQ(a.detections[i].score, b.detections[i].score);
    EXPECT_EQ(a.detections[i].x, b.detections[i].x);
    EXPECT_EQ(a.detections[i].y, b.detections[i].y);
    EXPECT_EQ(a.detections[i].width, b.detections[i].width);
    EXPECT_EQ(a.detections[i].height, b.detections[i].height);
  }
}

}  // namespace vireo::gst_test
