// How many threads the decoders of many streams get.

#include "app/deployment/decoder_threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "app/deployment/gst_objects.h"

namespace vireo::deployment {
namespace {

class DecoderThreads : public testing::Test {
 protected:
  void SetUp() override {
    gst_init(nullptr, nullptr);
    if (!has_element("avdec_h264")) GTEST_SKIP() << "needs gstreamer1.0-libav";
  }
  /// A stream with a decoder some bins down, as uridecodebin has it.
  static OwnedPipeline stream(int& threads) {
    OwnedPipeline pipeline = new_pipeline("stream");
    share_decoder_threads(GST_BIN(pipeline.get()));
    GstElement* bin = gst_bin_new("inner");
    gst_bin_add(GST_BIN(pipeline.get()), bin);
    GstElement* decoder = add_element(GST_BIN(bin), "avdec_h264");
    g_object_get(decoder, "max-threads", &threads, nullptr);
    return pipeline;
  }
};

TEST_F(DecoderThreads, AreSharedAmongTheDecodersThatThereAre) {
  const int cores = int(std::thread::hardware_concurrency());
  int alone = -1, second = -1, again = -1;
  {
    const OwnedPipeline first = stream(alone);
    EXPECT_EQ(alone, 0) << "the decoder's own choice";
    std::vector<OwnedPipeline> others;
    for (int count = 2; count < 20; ++count) {
      others.push_back(stream(second));
      EXPECT_EQ(second, std::max(1, cores / count));
    }
  }
  const OwnedPipeline last = stream(again);
  EXPECT_EQ(again, 0) << "those that are gone count no more";
}

}  // namespace
}  // namespace vireo::deployment
