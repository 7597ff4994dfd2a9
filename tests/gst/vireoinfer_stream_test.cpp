// vireoinfer as part of a stream: order, events, flushing, states, renegotiation, latency, quality of service.

#include <algorithm>

#include "tests/gst/harness.h"

namespace vireo::gst_test {
namespace {

TEST(VireoInferStream, PutsEveryFrameOutInOrder) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 320, 240));
  constexpr int kFrames = 50;
  for (int i = 0; i < kFrames; ++i) ASSERT_EQ(harness.push(street(i, 320, 240)), GST_FLOW_OK);
  for (int i = 0; i < kFrames; ++i) {
    const OwnedBuffer out = harness.pull();
    EXPECT_EQ(result_of(out).frame_index, std::uint64_t(i));
    EXPECT_EQ(GST_BUFFER_PTS(out.get()), guint64(i) * GST_SECOND / 30);
  }
  EXPECT_EQ(harness.stat("frames"), std::uint64_t(kFrames));
  EXPECT_EQ(harness.stat("dropped"), 0u);
}

/// Names of what came out, frames as their times in frames, up to and with EOS.
std::vector<std::string> order_until_eos(GstHarness* harness) {
  std::vector<std::string> order;
  for (;;) {
    GstEvent* event = gst_harness_pull_event(harness);
    if (!event) return order;
    order.emplace_back(GST_EVENT_TYPE_NAME(event));
    const bool end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
    gst_event_unref(event);
    if (end) return order;
  }
}

TEST(VireoInferStream, SendsEosBehindTheLastFrame) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 320, 240));
  for (int i = 0; i < 5; ++i) harness.push(street(i, 320, 240));
  ASSERT_TRUE(harness.event(gst_event_new_gap(5 * GST_SECOND / 30, GST_SECOND / 30)));
  ASSERT_TRUE(harness.event(gst_event_new_eos()));
  const auto order = order_until_eos(harness.get());
  ASSERT_GE(order.size(), 2u);
  EXPECT_EQ(order.back(), "eos");
  EXPECT_EQ(order[order.size() - 2], "gap");
  EXPECT_EQ(gst_harness_buffers_received(harness.get()), 5u) << "frames are out before EOS is";
}

TEST(VireoInferStream, ForgetsFramesAndResultsOnFlush) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 320, 240));
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) harness.push(street(i, 320, 240));
    ASSERT_TRUE(harness.event(gst_event_new_flush_start()));
    ASSERT_TRUE(harness.event(gst_event_new_flush_stop(TRUE)));
    while (GstBuffer* stale = gst_harness_try_pull(harness.get())) gst_buffer_unref(stale);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    ASSERT_TRUE(harness.event(gst_event_new_segment(&segment)));
    ASSERT_EQ(harness.push(street(1000 + round, 320, 240)), GST_FLOW_OK);
    const OwnedBuffer out = harness.pull();
    EXPECT_EQ(GST_BUFFER_PTS(out.get()), guint64(1000 + round) * GST_SECOND / 30);
  }
}

TEST(VireoInferStream, FollowsAChangeOfSizeBetweenFrames) {
  Harness harness(infer());
  const std::pair<int, int> sizes[] = {{640, 480}, {320, 240}, {642, 362}, {640, 480}};
  for (const auto& [width, height] : sizes) {
    harness.caps(caps_text("BGR", width, height));
    for (int i = 0; i < 3; ++i) harness.push(street(i, width, height, width % 4 ? 2 : 0));
  }
  for (const auto& [width, height] : sizes) {
    for (int i = 0; i < 3; ++i) {
      const OwnedBuffer out = harness.pull();
      EXPECT_EQ(result_of(out).width, width);
      EXPECT_EQ(result_of(out).height, height);
    }
  }
}

TEST(VireoInferStream, KeepsCapsThatAFlushFindsOnTheirWay) {
  Harness harness(infer());
  const gulong block = gst_pad_add_probe(
      harness.get()->sinkpad, GstPadProbeType(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  harness.caps(caps_text("BGR", 320, 240));
  ASSERT_EQ(harness.push(street(0, 320, 240)), GST_FLOW_OK);
  harness.caps(caps_text("BGR", 640, 480));  // behind a frame that can't get out
  ASSERT_TRUE(harness.event(gst_event_new_flush_start()));
  gst_pad_remove_probe(harness.get()->sinkpad, block);
  ASSERT_TRUE(harness.event(gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  ASSERT_TRUE(harness.event(gst_event_new_segment(&segment)));
  while (GstBuffer* stale = gst_harness_try_pull(harness.get())) gst_buffer_unref(stale);
  ASSERT_EQ(harness.push(street(1)), GST_FLOW_OK);
  EXPECT_EQ(result_of(harness.pull()).width, 640);
  GstCaps* caps = gst_pad_get_current_caps(harness.get()->sinkpad);
  ASSERT_NE(caps, nullptr);
  int width = 0;
  gst_structure_get_int(gst_caps_get_structure(caps, 0), "width", &width);
  EXPECT_EQ(width, 640);
  gst_caps_unref(caps);
}

TEST(VireoInferStream, StartsOnceItsSettingsAreMended) {
  load_plugin();
  GstElement* element = gst_parse_launch("vireoinfer build-budget=0 plan-cache=off model=/nowhere/x.onnx", nullptr);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(gst_element_set_state(element, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    EXPECT_EQ(gst_element_set_state(element, GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  }
  g_object_set(element, "model", demo_model().c_str(), nullptr);
  EXPECT_NE(gst_element_set_state(element, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  EXPECT_EQ(gst_element_set_state(element, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  gst_object_unref(element);
}

TEST(VireoInferStream, SurvivesManyStateCycles) {
  load_plugin();
  GstElement* pipeline = gst_parse_launch(
      ("vireoscene num-buffers=200 ! " + caps_text("BGR", 320, 240) + " ! " + infer() + " ! fakesink name=sink")
          .c_str(),
      nullptr);
  ASSERT_NE(pipeline, nullptr);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  for (int cycle = 0; cycle < 15; ++cycle) {
    const GstState target = cycle % 3 == 0 ? GST_STATE_PAUSED : GST_STATE_PLAYING;
    ASSERT_NE(gst_element_set_state(pipeline, target), GST_STATE_CHANGE_FAILURE);
    ASSERT_EQ(gst_element_get_state(pipeline, nullptr, nullptr, 30 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
    GstSample* sample = nullptr;
    g_object_get(sink, "last-sample", &sample, nullptr);
    ASSERT_NE(sample, nullptr) << "cycle " << cycle;
    const gst::FrameNote* note = gst::find_note(gst_sample_get_buffer(sample), gst::NoteKind::result);
    ASSERT_NE(note, nullptr) << "cycle " << cycle;
    EXPECT_FALSE(note->result.detections.empty());
    if (target == GST_STATE_PAUSED) {
      EXPECT_EQ(note->result.frame_index, 0u) << "each start begins anew";
    }
    gst_sample_unref(sample);
    ASSERT_EQ(gst_element_set_state(pipeline, cycle % 2 ? GST_STATE_NULL : GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  }
  gst_object_unref(sink);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

TEST(VireoInferStream, AnswersLatencyWithItsOwnAdded) {
  Harness harness(infer());
  gst_harness_set_upstream_latency(harness.get(), 10 * GST_MSECOND);
  harness.caps(caps_text("BGR", 320, 240));
  harness.push(street(0, 320, 240));
  harness.pull();
  const GstClockTime latency = gst_harness_query_latency(harness.get());
  EXPECT_GT(latency, 10 * GST_MSECOND);
  EXPECT_LT(latency, 10 * GST_SECOND);
}

TEST(VireoInferStream, TakesPlanesAnywhereAndSaysSo) {
  Harness harness(infer());
  harness.caps(caps_text("BGR", 320, 240));
  GstCaps* caps = gst_caps_from_string(caps_text("BGR", 320, 240).c_str());
  GstQuery* query = gst_query_new_allocation(caps, TRUE);
  ASSERT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query));
  EXPECT_TRUE(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr));
  ASSERT_GE(gst_query_get_n_allocation_pools(query), 1u);
  guint least = 0;
  gst_query_parse_nth_allocation_pool(query, 0, nullptr, nullptr, &least, nullptr);
  EXPECT_GE(least, 4u) << "frames are held while they are inferred";
  gst_query_unref(query);
  gst_caps_unref(caps);
}

TEST(VireoInferStream, InfersEveryNthFrameAndHoldsResultsBetween) {
  Harness harness(infer("interval=3"));
  harness.caps(caps_text("BGR", 640, 480));
  for (int i = 0; i < 7; ++i) harness.push(street(i));
  OwnedBuffer inferred;
  for (int i = 0; i < 7; ++i) {
    OwnedBuffer out = harness.pull();
    const gst::FrameNote* note = gst::find_note(out.get(), gst::NoteKind::result);
    ASSERT_NE(note, nullptr);
    EXPECT_EQ(note->age, i % 3);
    EXPECT_GT(note->latency_ns, 0) << "that of the result";
    EXPECT_EQ(note->result.pts_ns, std::int64_t(GST_BUFFER_PTS(out.get())));
    if (i % 3 == 0) {
      inferred = std::move(out);
    } else {
      expect_same(note->result, result_of(inferred));
    }
  }
  EXPECT_EQ(harness.stat("inferred"), 3u);
  EXPECT_EQ(harness.stat("passed"), 4u);
}

TEST(VireoInferStream, SkipsFramesThatTheSinkHasNoUseFor) {
  Harness harness(infer("drop-policy=auto"));
  harness.caps(caps_text("BGR", 320, 240));
  harness.push(street(0, 320, 240));
  harness.pull();
  gst_harness_push_upstream_event(harness.get(),
                                  gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, GST_SECOND, GST_SECOND));
  for (int i = 1; i < 100; ++i) ASSERT_EQ(harness.push(street(i, 320, 240)), GST_FLOW_OK);
  const OwnedBuffer next = harness.pull();
  EXPECT_GT(GST_BUFFER_PTS(next.get()), 2 * GST_SECOND) << "what is late by a second at one second";
  EXPECT_EQ(harness.stat("late"), 60u);
}

TEST(VireoInferStream, TellsHowLateASkippedFrameWouldHaveBeen) {
  Harness harness(infer("drop-policy=newest"));
  Messages messages(harness);
  harness.caps(caps_text("BGR", 320, 240));
  harness.push(street(0, 320, 240));
  harness.pull();
  gst_harness_push_upstream_event(harness.get(),
                                  gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.5, GST_SECOND, 2 * GST_SECOND));
  ASSERT_EQ(harness.push(street(30, 320, 240)), GST_FLOW_OK);  // at one second; the sink waits for those after three
  GstMessage* message = messages.next(GST_MESSAGE_QOS);
  ASSERT_NE(message, nullptr);
  gint64 jitter = 0;
  gdouble proportion = 0;
  gint quality = 0;
  gst_message_parse_qos_values(message, &jitter, &proportion, &quality);
  EXPECT_EQ(jitter, 2 * GstClockTimeDiff(GST_SECOND));
  EXPECT_EQ(proportion, 1.5);
  GstFormat format = GST_FORMAT_UNDEFINED;
  guint64 processed = 0, dropped = 0;
  gst_message_parse_qos_stats(message, &format, &processed, &dropped);
  EXPECT_EQ(processed, 1u);
  EXPECT_EQ(dropped, 1u);
  gst_message_unref(message);
  EXPECT_EQ(harness.stat("late"), 1u);
}

TEST(VireoInferStream, KeepsUpWithALiveSourceByDroppingOldFrames) {
  load_plugin();
  GstElement* pipeline = gst_parse_launch(
      ("vireoscene is-live=true num-buffers=300 ! video/x-raw,format=BGR,width=320,height=240,framerate=1000/1 ! " +
       infer("max-inflight=1 threads=1 drop-policy=auto") + " ! fakesink name=sink sync=false")
          .c_str(),
      nullptr);
  ASSERT_NE(pipeline, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message =
      gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(GST_MESSAGE_TYPE(message), GST_MESSAGE_EOS);
  gst_message_unref(message);
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), "infer");
  GstStructure* stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  guint64 frames = 0, inferred = 0, dropped = 0;
  gst_structure_get_uint64(stats, "frames", &frames);
  gst_structure_get_uint64(stats, "inferred", &inferred);
  gst_structure_get_uint64(stats, "dropped", &dropped);
  EXPECT_EQ(frames, 300u);
  EXPECT_EQ(inferred + dropped, 300u) << "every drop is counted";
  EXPECT_GT(inferred, 0u);
  gst_structure_free(stats);
  gst_object_unref(element);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

TEST(VireoInferStream, StopsWhileDownstreamBlocks) {
  load_plugin();
  // A sink that waits for the clock holds the output; going to NULL must not wait for it.
  GstElement* pipeline = gst_parse_launch(
      ("vireoscene ! video/x-raw,format=BGR,width=320,height=240,framerate=1/1 ! " + infer() + " ! fakesink sync=true")
          .c_str(),
      nullptr);
  for (int i = 0; i < 3; ++i) {
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_element_get_state(pipeline, nullptr, nullptr, 30 * GST_SECOND);
    EXPECT_EQ(gst_element_set_state(pipeline, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
  gst_object_unref(pipeline);
}

}  // namespace
}  // namespace vireo::gst_test
