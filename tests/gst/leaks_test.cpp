// GStreamer's leaks tracer on the elements: whatever they went through, no object is left that was not there before.

#include <cstdlib>

#include "tests/gst/harness.h"
#include "tests/support/live_objects.h"

namespace vireo::gst_test {
namespace {

using tests::live_objects;

GstMessage* play_until_end(GstElement* pipeline) {
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  return message;
}

/// Everything that a stream may go through, once.
void live_through_everything() {
  const std::string caps = caps_text("BGR", 320, 240);
  const std::string launches[] = {
      "vireoscene num-buffers=5 ! " + caps + " ! " + infer() + " ! videocrop left=10 ! " +
          "vireoinfer build-budget=0 plan-cache=off drop-policy=never interval=2 raw-tensors=true model=" +
          demo_model() +
          " ! videoflip video-direction=horiz ! vireodraw show-stats=true ! vireopublish to=jsonl:/dev/null ! fakesink",
      "vireoscene num-buffers=30 is-live=true ! video/x-raw,format=BGR,width=320,height=240,framerate=1000/1 ! " +
          infer("drop-policy=newest") + " ! compositor ! videoconvert ! vireodraw ! fakesink sync=false",
      "vireoscene num-buffers=5 ! " + caps + " ! " + infer() + " ! identity error-after=2 ! fakesink",
      "vireoscene num-buffers=1 ! vireoinfer model=/nowhere.onnx ! fakesink",
  };
  for (const std::string& launch : launches) {
    GstElement* pipeline = gst_parse_launch(launch.c_str(), nullptr);
    ASSERT_NE(pipeline, nullptr) << launch;
    for (int start = 0; start < 2; ++start) {
      GstMessage* message = play_until_end(pipeline);
      ASSERT_NE(message, nullptr) << launch;
      gst_message_unref(message);
    }
    gst_object_unref(pipeline);
  }
  Harness harness(infer("drop-policy=newest"));
  harness.caps(caps);
  for (int i = 0; i < 20; ++i) harness.push(street(i, 320, 240));
  harness.event(gst_event_new_flush_start());
  harness.event(gst_event_new_flush_stop(TRUE));
}

TEST(Leaks, AreNoneWhateverAStreamGoesThrough) {
  load_plugin();
  live_through_everything();  // what is made once for the process is there now
  const auto before = live_objects();
  if (before.empty()) GTEST_SKIP() << "GStreamer was built without its leaks tracer";
  for (int round = 0; round < 3; ++round) live_through_everything();
  for (const auto& [type, count] : live_objects()) {
    const auto known = before.find(type);
    EXPECT_LE(count, known == before.end() ? 0 : known->second) << type;
  }
}

}  // namespace
}  // namespace vireo::gst_test

int main(int argc, char** argv) {
  setenv("GST_TRACERS", "leaks", 1);  // before GStreamer starts
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
