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
