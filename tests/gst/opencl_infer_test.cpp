// vireoinfer on an OpenCL device: the same results as on the CPU, an engine for each device, errors that name it.

#include <algorithm>
#include <cmath>

#include "tests/gst/harness.h"
#include "tests/support/opencl_here.h"

namespace vireo::gst_test {
namespace {

class OpenclInfer : public vireo::testing::WithOpencl {};

const char* const kOpencl = "device=opencl:0 batch-size=2 ";

/// Each detection of one has its like in the other; score and box as near as the tolerances.
void expect_alike(const sdk::FrameResult& a, const sdk::FrameResult& b, double score, double pixels) {
  ASSERT_EQ(a.detections.size(), b.detections.size());
  for (const sdk::Detection& wanted : a.detections)
    EXPECT_TRUE(std::ranges::any_of(b.detections,
                                    [&](const sdk::Detection& found) {
                                      return found.label == wanted.label &&
                                             std::abs(found.score - wanted.score) <= score &&
                                             std::abs(found.x - wanted.x) <= pixels &&
                                             std::abs(found.y - wanted.y) <= pixels &&
                                             std::abs(found.width - wanted.width) <= pixels &&
                                             std::abs(found.height - wanted.height) <= pixels;
                                    }))
        << wanted.label << " " << wanted.score << " at " << wanted.x << "," << wanted.y;
}

TEST_F(OpenclInfer, FindsWhatTheCpuFinds) {
  Harness cpu(infer()), device(infer(kOpencl)), half(infer(std::string(kOpencl) + "precision=fp16"));
  for (Harness* harness : {&cpu, &device, &half}) harness->caps(caps_text("BGR", 640, 480));
  for (int i = 0; i < 6; ++i) {
    for (Harness* harness : {&cpu, &device, &half}) ASSERT_EQ(harness->push(street(10 * i)), GST_FLOW_OK);
    const OwnedBuffer a = cpu.pull(), b = device.pull(), c = half.pull();
    ASSERT_FALSE(result_of(a).detections.empty());
    expect_alike(result_of(a), result_of(b), 1e-3, 0.1);
    for (const sdk::Detection& sure : result_of(a).detections)  // weak ones may pass a threshold or not
      if (sure.score > 0.6f)
        EXPECT_TRUE(std::ranges::any_of(result_of(c).detections,
                                        [&](const sdk::Detection& found) {
                                          return found.label == sure.label && std::abs(found.x - sure.x) < 2 &&
                                                 std::abs(found.y - sure.y) < 2;
                                        }))
            << sure.label << " " << sure.score;
  }
}

TEST_F(OpenclInfer, TakesFramesOfEveryFormatAsTheyAre) {
  for (const char* format : {"NV12", "I420", "BGR", "RGB", "BGRx", "RGBx", "BGRA", "RGBA", "GRAY8"}) {
    std::vector<sdk::FrameResult> results;
    for (const char* device : {"", kOpencl}) {
      Harness harness("vireoscene num-buffers=1 first-frame=10 ! videoconvert ! " + caps_text(format, 634, 482) +
                      " ! " + infer(device));
      gst_harness_play(harness.get());
      results.push_back(result_of(harness.pull()));
    }
    SCOPED_TRACE(format);
    if (std::string(format) != "GRAY8") EXPECT_GE(results[0].detections.size(), 5u);
    expect_alike(results[0], results[1], 1e-3, 0.1);
  }
}

TEST_F(OpenclInfer, FollowsAThresholdChangedWhilePlaying) {
  Harness cpu(infer()), device(infer(kOpencl));
  for (Harness* harness : {&cpu, &device}) harness->caps(caps_text("BGR", 640, 480));
  for (const double score : {0.3, 0.02, 0.9, 0.0, 0.4}) {  // 0: every cell passes
    std::vector<sdk::FrameResult> results;
    for (Harness* harness : {&cpu, &device}) {
      GstElement* element = harness->element("infer");
      g_object_set(element, "score-threshold", score, nullptr);
      gst_object_unref(element);
      ASSERT_EQ(harness->push(street(20)), GST_FLOW_OK);
      results.push_back(result_of(harness->pull()));
    }
    SCOPED_TRACE(score);
    if (score > 0.1) expect_alike(results[0], results[1], 1e-3, 0.1);
    // Of the faintest, single ones may fall on either side of the threshold.
    const auto difference = std::ptrdiff_t(results[0].detections.size()) - std::ptrdiff_t(results[1].detections.size());
    EXPECT_LE(std::abs(difference), std::ptrdiff_t(1 + results[0].detections.size() / 50));
  }
}

TEST_F(OpenclInfer, CarriesRawOutputsOnRequest) {
  std::vector<gst::FrameNote> notes;
  for (const char* device : {"", kOpencl}) {
    Harness harness(infer(std::string(device) + " raw-tensors=true"));
    harness.caps(caps_text("BGR", 640, 480));
    harness.push(street(1));
    const OwnedBuffer out = harness.pull();
    const gst::FrameNote* note = gst::find_note(out.get(), gst::NoteKind::result);
    ASSERT_NE(note, nullptr);
    notes.push_back(*note);
  }
  expect_alike(notes[0].result, notes[1].result, 1e-3, 0.1);
  ASSERT_EQ(notes[0].tensors.size(), notes[1].tensors.size());
  EXPECT_EQ(notes[0].tensors[0].dims, notes[1].tensors[0].dims);
  const auto& a = notes[0].tensors[0].data;
  const auto& b = notes[1].tensors[0].data;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size() / 4; ++i)
    ASSERT_NEAR(reinterpret_cast<const float*>(a.data())[i], reinterpret_cast<const float*>(b.data())[i], 1e-2) << i;
}

TEST_F(OpenclInfer, SharesOneEngineOfADeviceAndNoneOfAnother) {
  Harness a(infer(kOpencl)), b(infer(kOpencl)), cpu(infer("batch-size=2"));
  for (Harness* harness : {&a, &b, &cpu}) harness->caps(caps_text("BGR", 640, 480));
  for (int i = 0; i < 3; ++i) {
    for (Harness* harness : {&a, &b, &cpu}) harness->push(street(i));
    const OwnedBuffer from_a = a.pull(), from_b = b.pull(), from_cpu = cpu.pull();
    expect_alike(result_of(from_a), result_of(from_b), 1e-6, 1e-3);
  }
  EXPECT_EQ(a.stat("engine-images"), 6u);
  EXPECT_EQ(cpu.stat("engine-images"), 3u);
}

TEST_F(OpenclInfer, SaysThatADeviceIsNotThere) {
  load_plugin();
  const std::string launch = "vireoscene num-buffers=1 ! " + infer("device=opencl:9") + " ! fakesink";
  GstElement* pipeline = gst_parse_launch(launch.c_str(), nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus, 30 * GST_SECOND, GstMessageType(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
  ASSERT_NE(message, nullptr);
  ASSERT_EQ(GST_MESSAGE_TYPE(message), GST_MESSAGE_ERROR);
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  for (const char* part : {"opencl:9", "opencl:0", "cpu"})
    EXPECT_NE(std::string(error->message).find(part), std::string::npos) << error->message;
  g_clear_error(&error);
  gst_message_unref(message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

}  // namespace
}  // namespace vireo::gst_test
